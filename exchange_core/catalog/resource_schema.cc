// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/resource_schema.h"

#include <algorithm>
#include <string>
#include <vector>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/catalog_table.h"

namespace datong::catalog {
namespace {

static_assert(static_cast<int>(record::ItemType::kString) == v1::STRING);
static_assert(static_cast<int>(record::ItemType::kBytes) == v1::BYTES);
static_assert(static_cast<int>(record::ResourceKind::kEntity) == v1::ENTITY);
static_assert(static_cast<int>(record::ResourceKind::kEvent) == v1::EVENT);

absl::Status Wrong(const v1::Resource& resource, const std::string& what) {
  return absl::InvalidArgumentError("resource '" + resource.name() + "': " + what);
}

absl::StatusOr<uint32_t> IndexOf(const v1::Resource& resource, const record::RecordSchema& schema,
                                 const std::string& name) {
  for (uint32_t i = 0; i < schema.items.size(); ++i) {
    if (schema.items[i].name == name) return i;
  }
  return Wrong(resource, "names item '" + name + "', which it does not have");
}

absl::Status AddItems(const v1::Resource& resource, record::RecordSchema& schema) {
  for (const v1::Item& item : resource.items()) {
    if (item.name().empty()) return Wrong(resource, "an item has no name");
    if (item.field_number() == 0 || item.field_number() > kFieldNumberMax) {
      return Wrong(resource, "item '" + item.name() + "' has field number " + std::to_string(item.field_number()));
    }
    if (item.type() < v1::STRING || item.type() > v1::BYTES) {
      return Wrong(resource, "item '" + item.name() + "' has type number " + std::to_string(item.type()));
    }
    if (item.retired()) continue;
    const bool folds = item.ignore_case() || item.ignore_spaces() || item.ignore_width();
    if (folds && item.type() != v1::STRING) return Wrong(resource, "item '" + item.name() + "' is no text to fold");
    schema.items.push_back({.name = item.name(),
                            .field_number = item.field_number(),
                            .type = static_cast<record::ItemType>(item.type()),
                            .compared = !item.not_compared(),
                            .empty_is_value = item.empty_is_value(),
                            .required = item.required(),
                            .ignore_case = item.ignore_case(),
                            .ignore_spaces = item.ignore_spaces(),
                            .ignore_width = item.ignore_width()});
  }
  if (schema.items.empty() || schema.items.size() > base::kItemsMax) {
    return Wrong(resource, "has " + std::to_string(schema.items.size()) + " items, allowed are 1 to " +
                               std::to_string(base::kItemsMax));
  }
  std::sort(schema.items.begin(), schema.items.end(),
            [](const record::Item& a, const record::Item& b) { return a.field_number < b.field_number; });
  return absl::OkStatus();
}

// Retired items count: their names and numbers stay taken.
absl::Status CheckUnique(const v1::Resource& resource) {
  std::vector<std::string> names;
  std::vector<uint32_t> numbers;
  for (const v1::Item& item : resource.items()) {
    names.push_back(item.name());
    numbers.push_back(item.field_number());
  }
  std::sort(names.begin(), names.end());
  std::sort(numbers.begin(), numbers.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return Wrong(resource, "two items share a name");
  if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) {
    return Wrong(resource, "two items share a field number");
  }
  return absl::OkStatus();
}

absl::Status AddRoles(const v1::Resource& resource, record::RecordSchema& schema) {
  for (const std::string& name : resource.key_items()) {
    ASSIGN_OR_RETURN(const uint32_t index, IndexOf(resource, schema, name));
    schema.key_items.push_back(index);
  }
  for (const std::string& name : resource.id_items()) {
    ASSIGN_OR_RETURN(const uint32_t index, IndexOf(resource, schema, name));
    schema.id_items.push_back(index);
  }
  if (schema.kind == record::ResourceKind::kEntity && schema.key_items.empty()) {
    return Wrong(resource, "an entity resource needs key items");
  }
  using record::ItemType;
  if (!resource.version_item().empty()) {
    ASSIGN_OR_RETURN(const uint32_t index, IndexOf(resource, schema, resource.version_item()));
    const ItemType type = schema.items[index].type;
    if (type != ItemType::kInt64 && type != ItemType::kDate && type != ItemType::kTimestamp) {
      return Wrong(resource, "the version item must be int64, date or timestamp");
    }
    schema.version_item = static_cast<int>(index);
  }
  if (!resource.event_time_item().empty()) {
    ASSIGN_OR_RETURN(const uint32_t index, IndexOf(resource, schema, resource.event_time_item()));
    const ItemType type = schema.items[index].type;
    if (type != ItemType::kDate && type != ItemType::kTimestamp) {
      return Wrong(resource, "the event time item must be date or timestamp");
    }
    schema.event_time_item = static_cast<int>(index);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const record::RecordSchema>> CompileSchema(const v1::Resource& resource) {
  if (resource.kind() != v1::ENTITY && resource.kind() != v1::EVENT) {
    return Wrong(resource, "has kind number " + std::to_string(resource.kind()));
  }
  auto schema = std::make_shared<record::RecordSchema>();
  schema->resource = resource.name();
  schema->resource_id = resource.id();
  schema->version = resource.schema_version();
  schema->kind = static_cast<record::ResourceKind>(resource.kind());
  RETURN_IF_ERROR(AddItems(resource, *schema));
  RETURN_IF_ERROR(CheckUnique(resource));
  RETURN_IF_ERROR(AddRoles(resource, *schema));
  return schema;
}

}  // namespace datong::catalog
