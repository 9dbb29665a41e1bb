// SPDX-License-Identifier: Apache-2.0
// Any bytes either are refused, and the catalog stays as it was, or make it the next version, in which every reference
// leads somewhere and every resource has a schema that protobuf's own tools take.
//
// Input: changes, each with two bytes of length, applied one after another; and the whole input as a framed change.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <string>

#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/record/protobuf_descriptor.h"
#include "tests/fuzz/fuzz_targets.h"

namespace datong::fuzz {
namespace {

void CheckSchema(const record::RecordSchema& schema) {
  DATONG_CHECK(!schema.items.empty());
  for (size_t i = 0; i < schema.items.size(); ++i) {
    DATONG_CHECK(i == 0 || schema.items[i - 1].field_number < schema.items[i].field_number);
    DATONG_CHECK(schema.IndexOfField(schema.items[i].field_number) == static_cast<int>(i));
    DATONG_CHECK(schema.FindByName(schema.items[i].name) == &schema.items[i]);
  }
  for (const uint32_t key : schema.key_items) DATONG_CHECK(key < schema.items.size());
  for (const uint32_t id : schema.id_items) DATONG_CHECK(id < schema.items.size());

  const record::ProtobufDescriptor derived = record::DeriveProtobuf(schema);
  google::protobuf::FileDescriptorProto file;
  DATONG_CHECK(file.ParseFromString(derived.file_descriptor));
  google::protobuf::DescriptorPool pool;
  DATONG_CHECK(pool.BuildFile(file) != nullptr);
  DATONG_CHECK(pool.FindMessageTypeByName(derived.message_name) != nullptr);
}

void CheckTable(const catalog::CatalogTable& table) {
  for (const auto& [id, resource] : table.resources()) {
    DATONG_CHECK(resource.id == id && table.FindResource(resource.name) == table.FindResource(id));
    DATONG_CHECK(table.FindDepartment(resource.provider_id) != nullptr);
    DATONG_CHECK(table.FindKeyDomain(resource.key_domain_id) != nullptr);
    DATONG_CHECK(!resource.versions.empty() && resource.versions.back() == resource.schema);
    for (uint32_t partition = 0; partition < resource.partitions; partition += 100) {
      DATONG_CHECK(catalog::LaneOf(resource, partition, 4) < 4);
    }
    CheckSchema(*resource.schema);
  }
  for (const auto& [id, subscription] : table.subscriptions()) {
    const catalog::View* view = table.FindView(subscription.view_id);
    const catalog::Grant* grant = table.FindGrant(subscription.grant_id);
    DATONG_CHECK(view != nullptr && grant != nullptr);
    DATONG_CHECK(view->resource_id == grant->resource_id && view->item_fields == grant->item_fields);
    DATONG_CHECK(!(subscription.active && grant->revoked));
    for (const uint32_t field : grant->item_fields) DATONG_CHECK(view->projection->Passes(field));
  }
  for (const auto& [id, connector] : table.connectors()) {
    DATONG_CHECK(connector.sink ? table.FindSubscription(connector.subscription) != nullptr
                                : table.FindResource(connector.resource) != nullptr);
  }
}

void Apply(std::string_view framed, catalog::CatalogTable& table) {
  const catalog::CatalogTable before = table;
  const bool applied = catalog::ApplyFramed(framed, table).ok();
  DATONG_CHECK(table.version() == before.version() + (applied ? 1 : 0));
  if (applied) {
    CheckTable(table);
    return;
  }
  for (size_t kind = 0; kind < catalog::kObjectKinds; ++kind) {
    const auto object = static_cast<catalog::ObjectKind>(kind);
    DATONG_CHECK(table.NextNumber(object) == before.NextNumber(object));
  }
  DATONG_CHECK(table.resources().size() == before.resources().size() && table.views().size() == before.views().size());
}

}  // namespace

void FuzzCatalogChange(std::string_view input) {
  catalog::CatalogTable alone;
  Apply(input, alone);

  catalog::CatalogTable table;
  base::ByteReader reader(input);
  for (int i = 0; i < 4 && !reader.rest().empty(); ++i) {
    const size_t length = reader.Fixed<uint16_t>();
    std::string body(reader.Take(std::min(length, reader.rest().size())));
    // The version that comes next (the last of a field counts), so that changes reach what it brings.
    body.push_back('\x08');
    base::PutVarint(body, table.version() + 1);
    Apply(base::Frame("DTCC", 1, body), table);
  }
}

}  // namespace datong::fuzz
