// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/batch_packer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"

namespace datong::runner {
namespace {

// A batch with this much is full. What is added until the next look, and one record of the greatest size, still fit
// into it.
constexpr size_t kBatchPayloadFull = size_t{512} << 10;
constexpr size_t kBytesBetweenLooks = size_t{256} << 10;
constexpr size_t kUnreadableOverhead = 128;          // reason, detail and digest of the row, about
constexpr size_t kBatchRowsFull = size_t{16} << 10;  // rows without content: their columns weigh as much
constexpr size_t kHeldAtOnce = 4096;
constexpr size_t kSameBytes = 36;     // of a row without content: not what it takes, but what it weighs on its way
constexpr size_t kItemOverhead = 12;  // tag and length, or a number that is longer than its text
static_assert(kBatchPayloadFull + 2 * kBytesBetweenLooks + base::kRecordBytesMax < base::kBatchBytesMax);

}  // namespace

BatchPacker::BatchPacker(const client::ResourceInfo& resource)
    : resource_(resource),
      writer_(resource.schema, resource.domain_key),
      values_(resource.schema.items.size()),
      open_(resource.partitions) {}

void BatchPacker::Add(sdk::RowBatch& rows, RecalledRows* recalled) {
  DATONG_CHECK(columns_ != nullptr);
  const bool needs_recalled = recorder_ != nullptr || which_are_held_ != nullptr;
  if (!needs_recalled) recalled = nullptr;
  DATONG_CHECK(!needs_recalled || (recalled != nullptr && recalled->known.size() == rows.rows()));
  if (which_are_held_) FindHeld(rows, *recalled);
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (which_are_held_) {
      if (is_held_[row] != 0) continue;
      AddHeldBefore(row);
    }
    rows.Parse(row);
    AddRow(rows, row, recalled);
    if (unsealed_bytes_ >= kBytesBetweenLooks) SealFullBatches();
  }
  if (which_are_held_) AddHeldBefore(rows.rows());
  if (recorder_ != nullptr) recorder_->Remember(recalled->signatures, recalled->claims, recalled->known);
  rows_ += rows.rows();
}

void BatchPacker::BeginUnit(const ColumnMap& columns, RowRecorder* recorder, WhichAreHeld which_are_held) {
  columns_ = &columns;
  recorder_ = recorder;
  which_are_held_ = std::move(which_are_held);
}

// Asks which of the rows that are recalled the exchange holds.
void BatchPacker::FindHeld(const sdk::RowBatch& rows, const RecalledRows& recalled) {
  is_held_.assign(rows.rows(), 0);
  held_.resize(resource_.partitions);
  for (Held& held : held_) {
    held.claims.clear();
    held.row_numbers.clear();
    held.rows.clear();
    held.entries.clear();
    held.added = 0;
  }
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (recalled.known[row] == 0) continue;
    Held& held = held_[record::PartitionOf(recalled.claims.key[row], resource_.partitions)];
    held.claims.push_back(recalled.claims.at(row));
    held.row_numbers.push_back(rows.row_number(row));
    held.rows.push_back(static_cast<uint32_t>(row));
  }
  for (uint32_t partition = 0; partition < held_.size(); ++partition) {
    if (!held_[partition].rows.empty()) KeepHeld(partition);
  }
}

// Of the rows that wait for this partition only those stay that the exchange holds.
void BatchPacker::KeepHeld(uint32_t partition) {
  Held& held = held_[partition];
  which_are_held_(partition, held.claims, held.entries);
  size_t kept = 0;
  for (size_t i = 0; i < held.rows.size(); ++i) {
    if (held.entries[i] == client::PublishSession::kNotHeld) continue;
    is_held_[held.rows[i]] = 1;
    held.entries[kept] = held.entries[i];
    held.row_numbers[kept] = held.row_numbers[i];
    held.rows[kept] = held.rows[i];
    held.claims.version[kept] = held.claims.version[i];  // the digests have done their work
    held.claims.event_time[kept] = held.claims.event_time[i];
    ++kept;
  }
  held.claims.resize(kept);
  held.row_numbers.resize(kept);
  held.rows.resize(kept);
  held.entries.resize(kept);
}

// Within a partition rows keep their order.
void BatchPacker::AddHeldBefore(size_t row) {
  for (uint32_t partition = 0; partition < held_.size(); ++partition) {
    Held& held = held_[partition];
    while (held.added < held.rows.size() && held.rows[held.added] < row) {
      const size_t begin = held.added, most = std::min(held.rows.size(), begin + kHeldAtOnce);
      while (held.added < most && held.rows[held.added] < row) ++held.added;
      const size_t count = held.added - begin;
      const auto part = [&](const auto& column) { return std::span(column).subspan(begin, count); };
      record::RecordWriter::AppendSame(part(held.entries), part(held.row_numbers), part(held.claims.version),
                                       part(held.claims.event_time), open_[partition]);
      Count(count * kSameBytes);
      if (unsealed_bytes_ >= kBytesBetweenLooks) SealFullBatches();
    }
  }
}

void BatchPacker::AddRow(const sdk::RowBatch& rows, size_t row, RecalledRows* recalled) {
  const record::RecordWriter::Place place{0, rows.row_number(row)};
  if (const sdk::RowBatch::Unreadable* unreadable = rows.unreadable(row)) {
    std::optional<base::Digest> key;
    if (rows.width(row) != 0) {
      TakeValues(rows, row);
      key = writer_.KeyOfRow(values_);
    }
    AddUnreadable({unreadable->reason, unreadable->detail}, rows.raw(row), place, key);
    return Count(std::min(rows.raw(row).size(), base::kRecordBytesMax) + kUnreadableOverhead);
  }
  const bool is_record = AddReadable(rows, row, place);
  if (recalled == nullptr || rows.is_delete(row)) return;
  recalled->known[row] = is_record ? 1 : 0;
  if (is_record) recalled->claims.set(row, writer_.appended());
}

// False when the row is no record, and was added as an unreadable one.
bool BatchPacker::AddReadable(const sdk::RowBatch& rows, size_t row, record::RecordWriter::Place place) {
  TakeValues(rows, row);
  size_t bytes = 0;
  for (const record::FieldText& value : values_) bytes += value ? value->size() + kItemOverhead : 0;
  const record::Operation operation = rows.is_delete(row) ? record::Operation::kDelete : record::Operation::kUpsert;
  const std::optional<record::RowProblem> problem = writer_.Append(values_, operation, place, open_);
  if (problem) {
    const std::string_view raw = rows.raw(row);
    bytes = std::max(bytes, std::min(raw.size(), base::kRecordBytesMax) + kUnreadableOverhead);
    AddUnreadable(*problem, raw, place, writer_.KeyOfRow(values_));
  }
  Count(bytes);
  return !problem;
}

void BatchPacker::Count(size_t bytes) {
  bytes_ += bytes;
  unsealed_bytes_ += bytes;
}

void BatchPacker::TakeValues(const sdk::RowBatch& rows, size_t row) {
  for (size_t item = 0; item < values_.size(); ++item) {
    const size_t column = columns_->column_of_item[item];
    values_[item] = column == ColumnMap::kNoColumn ? std::nullopt : rows.value(row, column);
  }
}

// Where its key is known it meets the records of that key; without one the same bytes always go the same way.
void BatchPacker::AddUnreadable(const record::RowProblem& problem, std::string_view raw,
                                record::RecordWriter::Place place, const std::optional<base::Digest>& key) {
  const base::Digest way = key ? *key : base::KeyedDigest(resource_.domain_key, raw);
  writer_.AppendUnreadable(problem, raw, place, open_[record::PartitionOf(way, resource_.partitions)], key);
}

void BatchPacker::SealFullBatches() {
  unsealed_bytes_ = 0;
  for (uint32_t partition = 0; partition < open_.size(); ++partition) {
    if (open_[partition].payload.size() < kBatchPayloadFull && open_[partition].size() < kBatchRowsFull) continue;
    sealed_.push_back({partition, std::exchange(open_[partition], EmptyBatch())});
  }
}

record::RecordBatch BatchPacker::EmptyBatch() {
  if (spare_.empty()) return {};
  record::RecordBatch empty = std::move(spare_.back());
  spare_.pop_back();
  return empty;
}

FilledBatches BatchPacker::Take() {
  FilledBatches taken{std::exchange(sealed_, {}), rows_};
  for (uint32_t partition = 0; partition < open_.size(); ++partition) {
    if (open_[partition].size() == 0) continue;
    taken.batches.push_back({partition, std::exchange(open_[partition], EmptyBatch())});
  }
  rows_ = bytes_ = unsealed_bytes_ = 0;
  return taken;
}

void BatchPacker::GiveBack(FilledBatches taken) {
  for (FilledBatches::Filled& filled : taken.batches) {
    filled.batch.clear();
    spare_.push_back(std::move(filled.batch));
  }
}

}  // namespace datong::runner
