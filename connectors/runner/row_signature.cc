// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/row_signature.h"

#define XXH_INLINE_ALL  // rows are short: a call for each would cost as much as its sum
#include <xxhash.h>

#include <string>

#include "exchange_core/base/little_endian.h"

namespace datong::runner {

base::Digest MeaningOf(const client::ResourceInfo& resource, const ColumnMap& columns, std::string_view reading) {
  const record::RecordSchema& schema = resource.schema;
  std::string text = "row memory 3";  // another number when SignRows changes
  const auto number = [&](uint64_t value) { base::PutVarint(text, value); };
  number(schema.resource_id);
  number(schema.version);
  number(static_cast<uint64_t>(schema.kind));
  number(schema.items.size());
  for (size_t i = 0; i < schema.items.size(); ++i) {
    const record::Item& item = schema.items[i];
    base::PutBytes(text, item.name);
    number(item.field_number);
    number(static_cast<uint64_t>(item.type));
    for (const bool rule :
         {item.compared, item.empty_is_value, item.required, item.ignore_case, item.ignore_spaces, item.ignore_width}) {
      number(rule ? 1 : 0);
    }
    number(columns.column_of_item[i]);
  }
  for (const std::vector<uint32_t>& some : {schema.key_items, schema.id_items}) {
    number(some.size());
    for (const uint32_t item : some) number(item);
  }
  number(static_cast<uint64_t>(schema.version_item + 1));
  number(static_cast<uint64_t>(schema.event_time_item + 1));
  number(resource.domain_key.id);
  base::PutBytes(text, reading);
  return base::KeyedDigest(resource.domain_key, text);
}

void SignRows(const sdk::RowBatch& rows, bool by_raw, std::vector<base::Digest>& signatures) {
  signatures.resize(rows.rows());
  for (size_t row = 0; row < rows.rows(); ++row) {
    const std::string_view content = by_raw ? rows.raw(row) : rows.memory(row);
    const XXH128_hash_t sum = XXH3_128bits(content.data(), content.size());
    signatures[row] = {sum.low64, sum.high64};
    if (by_raw) continue;
    const std::string_view places = rows.places(row);
    signatures[row].high = XXH3_64bits_withSeed(places.data(), places.size(), sum.high64);
  }
}

}  // namespace datong::runner
