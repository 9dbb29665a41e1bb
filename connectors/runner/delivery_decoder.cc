// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/delivery_decoder.h"

#include "exchange_core/record/wire_walker.h"

namespace datong::runner {
namespace {

constexpr size_t kKeyHexBytes = 32;

// The text form of base::ToHex, without a string of its own.
void AppendHex(const base::Digest& digest, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const uint64_t half : {digest.low, digest.high}) {
    for (int byte = 0; byte < 8; ++byte) {
      const auto value = static_cast<uint8_t>(half >> (8 * byte));
      out.push_back(kHex[value >> 4]);
      out.push_back(kHex[value & 15]);
    }
  }
}

sdk::ChangeKind KindOf(record::Operation operation) {
  if (operation == record::Operation::kDelete) return sdk::ChangeKind::kDelete;
  return operation == record::Operation::kInsert ? sdk::ChangeKind::kInsert : sdk::ChangeKind::kUpdate;
}

}  // namespace

DeliveryDecoder::DeliveryDecoder(const record::RecordSchema& schema) : schema_(schema) {
  for (size_t item = 0; item < schema_.items.size(); ++item) {
    into_.items.push_back(schema_.items[item].name);
    const uint32_t field = schema_.items[item].field_number;
    if (field >= item_of_field_.size()) item_of_field_.resize(field + 1, -1);
    item_of_field_[field] = static_cast<int>(item);
  }
}

const sdk::DeliveryBatch& DeliveryDecoder::Decode(const std::vector<client::Delivery>& deliveries,
                                                  uint64_t from_position) {
  into_.records.clear();
  into_.values.clear();
  into_.arena.clear();
  key_offsets_.clear();
  formatted_.clear();
  for (const client::Delivery& delivery : deliveries) {
    if (delivery.position < from_position) continue;
    for (size_t i = 0; i < delivery.batch.size(); ++i) AddRecord(delivery, i);
  }
  // Only now does the arena stay where it is.
  const std::string_view arena = into_.arena;
  for (size_t i = 0; i < into_.records.size(); ++i) into_.records[i].key = arena.substr(key_offsets_[i], kKeyHexBytes);
  for (const Formatted& formatted : formatted_)
    into_.values[formatted.value] = arena.substr(formatted.offset, formatted.size);
  return into_;
}

void DeliveryDecoder::AddRecord(const client::Delivery& delivery, size_t i) {
  const record::RecordColumns& columns = delivery.batch.columns;
  sdk::DeliveryBatch::Record& record = into_.records.emplace_back();
  record.change = KindOf(columns.operation[i]);
  record.lane = delivery.lane;
  record.sequence = delivery.first_sequence + i;
  record.source_row = columns.row[i];
  if (columns.file_index[i] < delivery.batch.header.files.size()) {
    record.source_file = delivery.batch.header.files[columns.file_index[i]].name;
  }
  record.first_value = into_.values.size();
  key_offsets_.push_back(into_.arena.size());
  AppendHex(columns.key[i], into_.arena);
  AddValues(delivery.batch.record(i));
}

void DeliveryDecoder::AddValues(std::string_view record) {
  const size_t first = into_.values.size();
  into_.values.resize(first + schema_.items.size());
  record::WireWalker walk(record);
  while (walk.Next()) {
    if (walk.field_number() >= item_of_field_.size()) continue;
    const int item = item_of_field_[walk.field_number()];
    if (item < 0) continue;
    const record::Item& known = schema_.items[static_cast<size_t>(item)];
    const size_t value = first + static_cast<size_t>(item);
    if (known.type == record::ItemType::kString) {
      into_.values[value] = walk.bytes();
    } else if (const std::optional<std::string> text = record::FieldAsText(known, walk.whole())) {
      formatted_.push_back({value, into_.arena.size(), text->size()});
      into_.arena += *text;
    }
  }
}

}  // namespace datong::runner
