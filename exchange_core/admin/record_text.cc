// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/record_text.h"

#include "exchange_core/record/record_writer.h"
#include "exchange_core/record/wire_walker.h"

namespace datong::admin {
namespace {

bool Passes(const catalog::View* view, const record::Item& item) {
  return view == nullptr || view->projection == nullptr || view->projection->Passes(item.field_number);
}

// One value is taken whole, commas included; several are parted at commas.
std::optional<std::vector<std::string_view>> SplitKey(std::string_view key, size_t values) {
  if (values == 1) return std::vector<std::string_view>{key};
  std::vector<std::string_view> split;
  size_t begin = 0;
  while (true) {
    const size_t comma = key.find(',', begin);
    split.push_back(key.substr(begin, comma == std::string_view::npos ? comma : comma - begin));
    if (comma == std::string_view::npos) break;
    begin = comma + 1;
  }
  if (split.size() != values) return std::nullopt;
  return split;
}

// An event's id is made by the writer alone, so a record is written that has nothing but the identity items.
std::optional<base::Digest> EventId(const record::RecordSchema& declared, const base::DigestKey& key,
                                    const std::vector<std::string_view>& values) {
  record::RecordSchema schema = declared;
  schema.key_items.clear();
  schema.version_item = schema.event_time_item = -1;
  for (record::Item& item : schema.items) item.required = false;
  std::vector<record::FieldText> fields(schema.items.size());
  for (size_t i = 0; i < values.size(); ++i) fields[schema.id_items[i]] = values[i];
  record::RecordBatch batch;
  record::RecordWriter writer(schema, key);
  if (writer.Append(fields, record::Operation::kUpsert, {}, batch)) return std::nullopt;
  return batch.columns.id[0];
}

}  // namespace

const record::RecordSchema& SchemaOf(const catalog::Resource& resource, uint32_t version) {
  for (const auto& schema : resource.versions) {
    if (schema->version == version) return *schema;
  }
  return *resource.schema;
}

Json ItemsJson(const record::RecordSchema& schema, const catalog::View* view, std::string_view record) {
  Json items = Json::object();
  for (const record::Item& item : schema.items) {
    if (!Passes(view, item)) continue;
    if (auto text = record::FieldAsText(item, record)) items[item.name] = *std::move(text);
  }
  return items;
}

Json KeyJson(const record::RecordSchema& schema, const catalog::View* view, std::string_view record) {
  const std::vector<uint32_t>& parts = schema.key_items.empty() ? schema.id_items : schema.key_items;
  if (parts.empty()) return nullptr;
  std::string joined;
  for (size_t i = 0; i < parts.size(); ++i) {
    const record::Item& item = schema.items[parts[i]];
    const auto text = Passes(view, item) ? record::FieldAsText(item, record) : std::nullopt;
    if (!text) return nullptr;
    joined += (i == 0 ? "" : ",") + *text;
  }
  return joined;
}

KeyPlace PlaceOf(const catalog::Resource& resource, const base::Digest& digest) {
  KeyPlace place{digest, std::nullopt};
  // Events are spread by their id, which a key is not.
  if (resource.schema->kind == record::ResourceKind::kEntity) {
    place.partition = record::PartitionOf(digest, resource.partitions);
  }
  return place;
}

std::optional<KeyPlace> KeyOf(const catalog::Resource& resource, const catalog::KeyDomain& domain,
                              std::string_view key) {
  const record::RecordSchema& schema = *resource.schema;
  const std::vector<uint32_t>& parts = schema.key_items.empty() ? schema.id_items : schema.key_items;
  if (parts.empty()) return std::nullopt;
  const auto values = SplitKey(key, parts.size());
  if (!values) return std::nullopt;
  if (schema.key_items.empty()) {
    const auto id = EventId(schema, domain.key, *values);
    return id ? std::optional(PlaceOf(resource, *id)) : std::nullopt;
  }
  record::RecordWriter writer(schema, domain.key);
  const auto digest = writer.KeyDigest({values->begin(), values->end()});
  return digest ? std::optional(PlaceOf(resource, *digest)) : std::nullopt;
}

std::string FileOf(const record::BatchHeader& header, const record::RecordColumns& columns, size_t record) {
  const uint32_t file = columns.file_index[record];
  return file < header.files.size() ? header.files[file].name : std::string();
}

const char* OperationText(record::Operation operation) {
  switch (operation) {
    case record::Operation::kUpsert:
      return "upsert";
    case record::Operation::kDelete:
      return "delete";
    case record::Operation::kUnreadable:
      return "unreadable";
    case record::Operation::kInsert:
      return "insert";
    case record::Operation::kUpdate:
      return "update";
    case record::Operation::kSame:
      return "same";
  }
  return "unknown";
}

}  // namespace datong::admin
