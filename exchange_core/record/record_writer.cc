// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/record_writer.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/record/digest_purpose.h"
#include "exchange_core/record/printable.h"
#include "exchange_core/record/rejected_row.h"
#include "exchange_core/record/value_parser.h"
#include "exchange_core/record/value_text.h"
#include "exchange_core/record/varint_column.h"

namespace datong::record {
namespace {

constexpr size_t kQuotedBytesMax = 200;
constexpr size_t kFieldOverheadMax = 2 * kVarintBytesMax;  // tag, and a number or a length
constexpr int64_t kMicrosPerDay = 86'400'000'000;

RowProblem ItemProblem(const char* reason, const Item& item, std::string_view what) {
  return {reason, absl::StrCat("item \"", item.name, "\": ", base::Absl(what))};
}

RowProblem ValueProblem(const Item& item, ParseOutcome outcome, std::string_view text) {
  const std::string quoted = Printable(text, kQuotedBytesMax);
  if (outcome == ParseOutcome::kNotUtf8) {
    return ItemProblem("encoding", item,
                       absl::StrCat("\"", quoted, "\" is not valid UTF-8; declare the file's encoding"));
  }
  return ItemProblem("type", item, absl::StrCat("\"", quoted, "\" is not ", base::Absl(ExpectedForm(item.type))));
}

RowProblem TooLarge(size_t bytes) {
  return {"too_large", absl::StrCat("the record has ", bytes, " bytes; at most ", base::kRecordBytesMax)};
}

bool HasEmptyValue(const Item& item) {
  return item.empty_is_value && (item.type == ItemType::kString || item.type == ItemType::kBytes);
}

bool IsPresent(const Item& item, const FieldText& text) { return text && (!text->empty() || HasEmptyValue(item)); }

uint8_t* WriteTag(uint8_t* to, const Item& item) {
  return WriteVarint(to, uint64_t{item.field_number} << 3 | static_cast<uint64_t>(WireTypeOf(item.type)));
}

uint8_t* WriteNumber(uint8_t* to, const Item& item, uint64_t number) {
  if (item.type != ItemType::kDouble) return WriteVarint(to, NumberToWire(item.type, number));
  std::memcpy(to, &number, sizeof number);
  return to + sizeof number;
}

}  // namespace

RecordWriter::RecordWriter(const RecordSchema& schema, const base::DigestKey& domain_key)
    : schema_(schema), domain_key_(domain_key), fields_(schema.items.size()) {
  for (size_t i = 0; i < schema.items.size(); ++i) {
    compares_all_ = compares_all_ && schema.items[i].compared;
    DATONG_CHECK(i == 0 || schema.items[i - 1].field_number < schema.items[i].field_number);
  }
  DATONG_CHECK(schema.kind == ResourceKind::kEvent || !schema.key_items.empty());
}

std::optional<RowProblem> RecordWriter::Append(const std::vector<FieldText>& values, Operation operation, Place place,
                                               RecordBatch& to) {
  return Append(values, operation, place, std::span(&to, 1));
}

std::optional<RowProblem> RecordWriter::Append(const std::vector<FieldText>& values, Operation operation, Place place,
                                               std::span<RecordBatch> by_partition) {
  DATONG_CHECK(values.size() == schema_.items.size());
  DATONG_CHECK(operation != Operation::kUnreadable);
  RecordDigests digests;
  if (std::optional<RowProblem> problem = WriteFields(values, operation)) return problem;
  if (std::optional<RowProblem> problem = ComputeDigests(digests)) return problem;
  const uint32_t partition = PartitionOf(digests.id, static_cast<uint32_t>(by_partition.size()));  // entity: id = key
  AppendColumns(operation, place, digests, by_partition[partition]);
  return std::nullopt;
}

bool RecordWriter::IsKeyItem(size_t item) const {
  return std::find(schema_.key_items.begin(), schema_.key_items.end(), item) != schema_.key_items.end();
}

// Parses and writes in one pass, into a buffer that is large enough whatever the values are.
std::optional<RowProblem> RecordWriter::WriteFields(const std::vector<FieldText>& values, Operation operation) {
  size_t bound = 0;
  for (const FieldText& value : values) bound += kFieldOverheadMax + (value ? value->size() : 0);
  // No type's wire form is shorter than half its text; so a row like this cannot fit, and no room is taken for it.
  if (bound > 2 * base::kRecordBytesMax + values.size() * kFieldOverheadMax) return TooLarge(bound);
  if (record_.size() < bound) record_.resize(bound);
  auto* const begin = reinterpret_cast<uint8_t*>(record_.data());
  uint8_t* to = begin;
  for (size_t i = 0; i < values.size(); ++i) {
    const Item& item = schema_.items[i];
    Field& field = fields_[i];
    field.present = IsPresent(item, values[i]);
    if (!field.present) {
      if (item.required && operation != Operation::kDelete && !IsKeyItem(i))  // a key that lacks has its own reason
        return ItemProblem("required", item, "has no value but needs one");
      continue;
    }
    ParsedValue parsed;
    const ParseOutcome outcome = ParseValue(item.type, *values[i], scratch_, parsed);
    if (outcome != ParseOutcome::kOk) return ValueProblem(item, outcome, *values[i]);
    field.begin = static_cast<size_t>(to - begin);
    to = WriteTag(to, item);
    if (WireTypeOf(item.type) == WireWalker::WireType::kBytes) {
      to = WriteVarint(to, parsed.bytes.size());
      field.value_begin = static_cast<size_t>(to - begin);
      if (!parsed.bytes.empty()) std::memcpy(to, parsed.bytes.data(), parsed.bytes.size());
      to += parsed.bytes.size();
    } else {
      field.value_begin = static_cast<size_t>(to - begin);
      field.number = parsed.number;
      to = WriteNumber(to, item, parsed.number);
    }
    field.end = static_cast<size_t>(to - begin);
  }
  record_bytes_ = static_cast<size_t>(to - begin);
  if (record_bytes_ > base::kRecordBytesMax) return TooLarge(record_bytes_);
  return std::nullopt;
}

// Puts purpose and the text forms of `items` into content_. False, with the item in `missing`, when one is absent.
bool RecordWriter::ComposeItems(char purpose, const std::vector<uint32_t>& items, int& missing) {
  content_.assign(1, purpose);
  for (const uint32_t index : items) {
    const Field& field = fields_[index];
    missing = static_cast<int>(index);
    if (!field.present) return false;
    const std::string_view bytes = std::string_view(record_).substr(field.value_begin, field.end - field.value_begin);
    const std::optional<std::string_view> text = KeyText(schema_.items[index], field.number, bytes, key_scratch_);
    if (!text) return false;
    base::PutBytes(content_, *text);
  }
  return true;
}

std::optional<RowProblem> RecordWriter::ComputeDigests(RecordDigests& digests) {
  int missing = -1;
  const bool event = schema_.kind == ResourceKind::kEvent;
  if (!schema_.key_items.empty()) {
    if (!ComposeItems(kKeyPurpose, schema_.key_items, missing)) {
      return ItemProblem("key_missing", schema_.items[missing], "is part of the key and has no value");
    }
    digests.key = base::KeyedDigest(domain_key_, content_);
    digests.id = digests.key;
  }
  if (event && !schema_.id_items.empty()) {
    if (!ComposeItems(kIdPurpose, schema_.id_items, missing)) {
      return ItemProblem("id_missing", schema_.items[missing], "is part of the identity and has no value");
    }
    digests.id = base::KeyedDigest(domain_key_, content_);
  }

  content_.assign(1, kContentPurpose);
  if (compares_all_) {
    content_.append(record_, 0, record_bytes_);
  } else {
    for (size_t i = 0; i < fields_.size(); ++i) {
      const Field& field = fields_[i];
      if (field.present && schema_.items[i].compared) content_.append(record_, field.begin, field.end - field.begin);
    }
  }
  digests.fingerprint = base::KeyedDigest(domain_key_, content_);
  if (event && schema_.id_items.empty()) {
    content_[0] = kIdPurpose;
    digests.id = base::KeyedDigest(domain_key_, content_);
  }
  if (schema_.key_items.empty()) digests.key = digests.id;
  return std::nullopt;
}

int64_t RecordWriter::NumberOf(int item) const {
  if (item < 0 || !fields_[static_cast<size_t>(item)].present) return 0;
  switch (schema_.items[static_cast<size_t>(item)].type) {
    case ItemType::kInt64:
    case ItemType::kDate:
    case ItemType::kTimestamp:
      return static_cast<int64_t>(fields_[static_cast<size_t>(item)].number);
    default:
      return 0;
  }
}

void RecordWriter::AppendColumns(Operation operation, Place place, const RecordDigests& digests, RecordBatch& to) {
  DATONG_CHECK(to.payload.size() <= base::kBatchPayloadBytesMax);
  int64_t event_time = NumberOf(schema_.event_time_item);
  if (schema_.event_time_item >= 0) {
    const ItemType type = schema_.items[static_cast<size_t>(schema_.event_time_item)].type;
    if (type == ItemType::kDate) event_time *= kMicrosPerDay;
    if (type == ItemType::kInt64) event_time = 0;
  }
  to.payload.append(record_, 0, record_bytes_);
  to.columns.id.push_back(digests.id);
  to.columns.key.push_back(digests.key);
  to.columns.fingerprint.push_back(digests.fingerprint);
  to.columns.operation.push_back(operation);
  to.columns.version.push_back(NumberOf(schema_.version_item));
  to.columns.event_time.push_back(event_time);
  to.columns.file_index.push_back(place.file_index);
  to.columns.row.push_back(place.row);
  to.columns.payload_end.push_back(static_cast<uint32_t>(to.payload.size()));
  appended_ = {digests.key, digests.fingerprint, to.columns.version.back(), event_time};
}

void RecordWriter::AppendSame(std::span<const uint32_t> entries, std::span<const uint64_t> rows,
                              std::span<const int64_t> versions, std::span<const base::TimeUs> event_times,
                              RecordBatch& to) {
  RecordColumns& columns = to.columns;
  const size_t size = columns.size() + entries.size();
  const auto append = [](const auto& from, auto& column) { column.insert(column.end(), from.begin(), from.end()); };
  columns.id.resize(size);
  columns.key.resize(size);
  columns.fingerprint.resize(size);
  append(versions, columns.version);
  append(event_times, columns.event_time);
  append(rows, columns.row);
  append(entries, columns.same_entry);
  columns.operation.resize(size, Operation::kSame);
  columns.file_index.resize(size, 0);
  columns.payload_end.resize(size, static_cast<uint32_t>(to.payload.size()));
}

void RecordWriter::AppendUnreadable(const RowProblem& problem, std::string_view raw, Place place, RecordBatch& to,
                                    const std::optional<base::Digest>& key) {
  DATONG_CHECK(to.payload.size() <= base::kBatchPayloadBytesMax);
  // Room for the frame, reason, detail and digest around the raw bytes.
  constexpr size_t kAroundMax = size_t{8} << 10;
  RejectedRow row;
  row.reason = Printable(problem.reason, kQuotedBytesMax);
  row.detail = Printable(problem.detail, 5 * kQuotedBytesMax);
  row.cut = raw.size() > base::kRecordBytesMax - kAroundMax;
  row.raw = raw.substr(0, base::kRecordBytesMax - kAroundMax);
  row.raw_sha256 = base::AsBytes(base::Sha256(raw));

  content_.assign(1, kUnreadablePurpose);
  content_.append(raw);
  const base::Digest digest = base::KeyedDigest(domain_key_, content_);
  to.payload.append(EncodeRejectedRow(row));
  to.columns.id.push_back(digest);
  to.columns.key.push_back(key.value_or(digest));
  to.columns.fingerprint.push_back(digest);
  to.columns.operation.push_back(Operation::kUnreadable);
  to.columns.version.push_back(0);
  to.columns.event_time.push_back(0);
  to.columns.file_index.push_back(place.file_index);
  to.columns.row.push_back(place.row);
  to.columns.payload_end.push_back(static_cast<uint32_t>(to.payload.size()));
}

// `value_at(i)` is the text of the key's i-th item.
template <typename ValueAt>
std::optional<base::Digest> RecordWriter::DigestKeyValues(ValueAt value_at) {
  if (schema_.key_items.empty()) return std::nullopt;
  content_.assign(1, kKeyPurpose);
  for (size_t i = 0; i < schema_.key_items.size(); ++i) {
    const Item& item = schema_.items[schema_.key_items[i]];
    const FieldText& value = value_at(i);
    if (!IsPresent(item, value)) return std::nullopt;
    ParsedValue parsed;
    if (ParseValue(item.type, *value, scratch_, parsed) != ParseOutcome::kOk) return std::nullopt;
    const std::optional<std::string_view> text = KeyText(item, parsed.number, parsed.bytes, key_scratch_);
    if (!text) return std::nullopt;
    base::PutBytes(content_, *text);
  }
  return base::KeyedDigest(domain_key_, content_);
}

std::optional<base::Digest> RecordWriter::KeyDigest(const std::vector<FieldText>& key_values) {
  DATONG_CHECK(key_values.size() == schema_.key_items.size());
  return DigestKeyValues([&](size_t i) -> const FieldText& { return key_values[i]; });
}

std::optional<base::Digest> RecordWriter::KeyOfRow(const std::vector<FieldText>& values) {
  DATONG_CHECK(values.size() == schema_.items.size());
  if (schema_.kind != ResourceKind::kEntity) return std::nullopt;
  return DigestKeyValues([&](size_t i) -> const FieldText& { return values[schema_.key_items[i]]; });
}

}  // namespace datong::record
