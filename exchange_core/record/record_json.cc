// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/record_json.h"

#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::record {
namespace {

using Json = nlohmann::ordered_json;

// Nothing is asked of the record but its values: who it is and whether it is complete was decided long ago.
RecordSchema ValuesOnly(const RecordSchema& schema) {
  RecordSchema values = schema;
  values.kind = ResourceKind::kEvent;
  values.key_items.clear();
  values.id_items.clear();
  values.version_item = values.event_time_item = -1;
  for (Item& item : values.items) item.required = false;
  return values;
}

}  // namespace

std::string RecordAsJson(const RecordSchema& schema, std::string_view record) {
  Json items = Json::object();
  for (const Item& item : schema.items) {
    if (auto text = FieldAsText(item, record)) items[item.name] = *std::move(text);
  }
  return items.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::Status AppendRecordFromJson(const RecordSchema& schema, std::string_view json, std::string& payload) {
  const Json items = Json::parse(json, nullptr, false);
  if (!items.is_object()) return absl::InvalidArgumentError("a record in JSON is no JSON object");
  const RecordSchema values = ValuesOnly(schema);
  std::vector<std::string> texts(values.items.size());
  std::vector<FieldText> fields(values.items.size());
  for (size_t i = 0; i < values.items.size(); ++i) {
    const auto found = items.find(values.items[i].name);
    if (found == items.end()) continue;
    if (!found->is_string()) {
      return absl::InvalidArgumentError(absl::StrCat("item ", values.items[i].name, " of a record in JSON is no text"));
    }
    texts[i] = found->get<std::string>();
    fields[i] = texts[i];
  }
  RecordBatch one;
  RecordWriter writer(values, base::DigestKey{});
  if (const auto problem = writer.Append(fields, Operation::kUpsert, {}, one)) {
    return absl::InvalidArgumentError(absl::StrCat("a record in JSON: ", problem->detail));
  }
  payload += one.payload;
  return absl::OkStatus();
}

}  // namespace datong::record
