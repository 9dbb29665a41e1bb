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
constexpr size_t kSameBytes = 36;                    // of a row without content
constexpr size_t kItemOverhead = 12;                 // tag and length, or a number that is longer than its text
static_assert(kBatchPayloadFull + 2 * kBytesBetweenLooks + base::kRecordBytesMax < base::kBatchBytesMax);

}  // namespace

BatchPacker::BatchPacker(const client::ResourceInfo& resource)
    : resource_(resource),
      writer_(resource.schema, resource.domain_key),
      values_(resource.schema.items.size()),
      open_(resource.partitions) {}

void BatchPacker::Add(const sdk::RowBatch& rows) {
  DATONG_CHECK(columns_ != nullptr);
  recalled_.clear();
  if (memory_ != nullptr) Recall(rows);
  for (size_t row = 0; row < rows.rows(); ++row) {
    AddRow(rows, row);
    if (unsealed_bytes_ >= kBytesBetweenLooks) SealFullBatches();
  }
  rows_ += rows.rows();
}

void BatchPacker::BeginUnit(const ColumnMap& columns, RowMemory* memory, WhichAreHeld which_are_held) {
  columns_ = &columns;
  memory_ = memory;
  which_are_held_ = std::move(which_are_held);
}

void BatchPacker::Recall(const sdk::RowBatch& rows) {
  recalled_.resize(rows.rows());
  asked_.resize(resource_.partitions);
  for (Asked& asked : asked_) {
    asked.claims.clear();
    asked.rows.clear();
  }
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (rows.unreadable(row) != nullptr || rows.is_delete(row)) continue;
    Recalled& recalled = recalled_[row];
    recalled.signature = signature_.Of(rows, row);
    const std::optional<record::RecordClaim> claim = memory_->Recall(recalled.signature);
    if (!claim) continue;
    recalled.claim = *claim;
    Asked& asked = asked_[record::PartitionOf(claim->key, resource_.partitions)];
    asked.claims.key.push_back(claim->key);
    asked.claims.fingerprint.push_back(claim->fingerprint);
    asked.claims.version.push_back(claim->version);
    asked.rows.push_back(row);
  }
  if (!which_are_held_) return;
  for (uint32_t partition = 0; partition < asked_.size(); ++partition) {
    const Asked& asked = asked_[partition];
    if (asked.rows.empty()) continue;
    which_are_held_(partition, asked.claims, held_);
    for (size_t i = 0; i < asked.rows.size(); ++i) recalled_[asked.rows[i]].is_held = held_[i] != 0;
  }
}

void BatchPacker::AddRow(const sdk::RowBatch& rows, size_t row) {
  const record::RecordWriter::Place place{0, rows.row_number(row)};
  if (const sdk::RowBatch::Unreadable* unreadable = rows.unreadable(row)) {
    std::optional<base::Digest> key;
    if (rows.width(row) != 0) {
      TakeValues(rows, row);
      key = writer_.KeyOfRow(values_);
    }
    AddUnreadable({unreadable->reason, unreadable->detail}, unreadable->raw, place, key);
    return Count(std::min(unreadable->raw.size(), base::kRecordBytesMax) + kUnreadableOverhead);
  }
  if (recalled_.empty() || rows.is_delete(row)) {
    AddReadable(rows, row, place);
    return;
  }
  const Recalled& recalled = recalled_[row];
  if (recalled.is_held) {
    AddSame(recalled.claim, place);
  } else if (!AddReadable(rows, row, place)) {
    return;  // there is no claim to remember
  }
  memory_->Remember(recalled.signature, recalled.is_held ? recalled.claim : writer_.appended());
}

void BatchPacker::AddSame(const record::RecordClaim& claim, record::RecordWriter::Place place) {
  record::RecordWriter::AppendSame(claim, place, open_[record::PartitionOf(claim.key, resource_.partitions)]);
  Count(kSameBytes);
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
