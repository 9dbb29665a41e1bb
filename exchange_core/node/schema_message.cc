// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/schema_message.h"

#include "datong/exchange/v1/department_request.pb.h"

namespace datong::node {

void ToMessage(const record::RecordSchema& schema, exchange::v1::DescribedSchema& into) {
  into.set_resource(schema.resource);
  into.set_resource_id(schema.resource_id);
  into.set_version(schema.version);
  into.set_kind(static_cast<uint32_t>(schema.kind));
  for (const record::Item& item : schema.items) {
    auto* to = into.add_items();
    to->set_name(item.name);
    to->set_field_number(item.field_number);
    to->set_type(static_cast<uint32_t>(item.type));
    to->set_compared(item.compared);
    to->set_empty_is_value(item.empty_is_value);
    to->set_required(item.required);
    to->set_ignore_case(item.ignore_case);
    to->set_ignore_spaces(item.ignore_spaces);
    to->set_ignore_width(item.ignore_width);
  }
  for (const uint32_t item : schema.key_items) into.add_key_items(item);
  for (const uint32_t item : schema.id_items) into.add_id_items(item);
  into.set_version_item(schema.version_item);
  into.set_event_time_item(schema.event_time_item);
}

absl::StatusOr<record::RecordSchema> FromMessage(const exchange::v1::DescribedSchema& message) {
  record::RecordSchema schema;
  schema.resource = message.resource();
  schema.resource_id = message.resource_id();
  schema.version = message.version();
  schema.kind = static_cast<record::ResourceKind>(message.kind());
  bool sound = schema.kind == record::ResourceKind::kEntity || schema.kind == record::ResourceKind::kEvent;
  for (const auto& from : message.items()) {
    record::Item item;
    item.name = from.name();
    item.field_number = from.field_number();
    item.type = static_cast<record::ItemType>(from.type());
    item.compared = from.compared();
    item.empty_is_value = from.empty_is_value();
    item.required = from.required();
    item.ignore_case = from.ignore_case();
    item.ignore_spaces = from.ignore_spaces();
    item.ignore_width = from.ignore_width();
    sound = sound && from.type() >= static_cast<uint32_t>(record::ItemType::kString) &&
            from.type() <= static_cast<uint32_t>(record::ItemType::kBytes) && item.field_number != 0;
    schema.items.push_back(std::move(item));
  }
  const auto items = static_cast<int>(schema.items.size());
  for (const uint32_t item : message.key_items()) {
    sound = sound && item < schema.items.size();
    schema.key_items.push_back(item);
  }
  for (const uint32_t item : message.id_items()) {
    sound = sound && item < schema.items.size();
    schema.id_items.push_back(item);
  }
  schema.version_item = message.version_item();
  schema.event_time_item = message.event_time_item();
  for (const int item : {schema.version_item, schema.event_time_item}) sound = sound && item >= -1 && item < items;
  if (!sound) return absl::DataLossError("the exchange described a schema that this program does not understand");
  return schema;
}

}  // namespace datong::node
