// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/snapshot_policy.h"
#include "exchange_core/record/protobuf_descriptor.h"

namespace datong::admin {
namespace {

const char* TypeText(record::ItemType type) {
  switch (type) {
    case record::ItemType::kString:
      return "string";
    case record::ItemType::kInt64:
      return "int64";
    case record::ItemType::kDouble:
      return "double";
    case record::ItemType::kBool:
      return "bool";
    case record::ItemType::kDate:
      return "date";
    case record::ItemType::kTimestamp:
      return "timestamp";
    case record::ItemType::kDecimal:
      return "decimal";
    case record::ItemType::kBytes:
      return "bytes";
  }
  return "unknown";
}

const char* FormText(catalog::DeliveryForm form) {
  switch (form) {
    case catalog::DeliveryForm::kPacked:
      return "packed";
    case catalog::DeliveryForm::kRecords:
      return "records";
    case catalog::DeliveryForm::kJson:
      return "json";
  }
  return "";
}

const char* StartText(catalog::SubscriptionStart start) {
  switch (start) {
    case catalog::SubscriptionStart::kBeginning:
      return "beginning";
    case catalog::SubscriptionStart::kNow:
      return "now";
    case catalog::SubscriptionStart::kPresentState:
      return "present";
  }
  return "unknown";
}

template <typename Object>
std::string NameOf(const Object* object) {
  return object == nullptr ? std::string() : object->name;
}

Json ItemNames(const record::RecordSchema& schema, const std::vector<uint32_t>& indexes) {
  Json names = Json::array();
  for (const uint32_t index : indexes) names.push_back(schema.items[index].name);
  return names;
}

Json ItemName(const record::RecordSchema& schema, int index) {
  return index < 0 ? Json(nullptr) : Json(schema.items[static_cast<size_t>(index)].name);
}

// The items a set of field numbers stands for; null for every item.
Json FieldNames(const catalog::Resource* resource, const std::vector<uint32_t>& fields) {
  if (fields.empty() || resource == nullptr) return nullptr;
  Json names = Json::array();
  for (const record::Item& item : resource->schema->items) {
    if (std::binary_search(fields.begin(), fields.end(), item.field_number)) names.push_back(item.name);
  }
  return names;
}

Json SpellingOf(const record::Item& item) {
  Json rules = Json::array();
  if (item.ignore_case) rules.push_back("case");
  if (item.ignore_spaces) rules.push_back("spaces");
  if (item.ignore_width) rules.push_back("width");
  return rules;
}

// By the names they have in a catalog file.
Json PolicyOf(const catalog::SnapshotPolicy& policy) {
  static constexpr const char* kRules[] = {"quarantine", "first", "last"};
  return {{"vanish_share_max", catalog::PermilleAsText(policy.vanish_permille_max)},
          {"vanish_records_max", policy.vanish_records_max},
          {"suspicious_counts", policy.suspicious_counts},
          {"added_columns", policy.added_columns_pass ? "pass" : "hold"},
          {"same_key", kRules[static_cast<size_t>(policy.same_key)]},
          {"early_flow", policy.early_flow},
          {"one_item_share_max",
           policy.one_item_permille_max == 0 ? "off" : catalog::PermilleAsText(policy.one_item_permille_max)}};
}

Json ResourceRow(const catalog::CatalogTable& table, const catalog::Resource& resource) {
  const record::RecordSchema& schema = *resource.schema;
  Json items = Json::array();
  for (const record::Item& item : schema.items) {
    items.push_back({{"name", item.name},
                     {"field", item.field_number},
                     {"type", TypeText(item.type)},
                     {"required", item.required},
                     {"compared", item.compared},
                     {"empty_is_value", item.empty_is_value},
                     {"same_spelling", SpellingOf(item)}});
  }
  const bool entity = schema.kind == record::ResourceKind::kEntity;
  return {{"kind", "resource"},
          {"id", resource.id},
          {"name", resource.name},
          {"title", resource.title},
          {"provider", NameOf(table.FindDepartment(resource.provider_id))},
          {"key_domain", NameOf(table.FindKeyDomain(resource.key_domain_id))},
          {"resource_kind", entity ? "entity" : "event"},
          {"schema_version", schema.version},
          {"partitions", resource.partitions},
          {"key", ItemNames(schema, schema.key_items)},
          {"id_items", ItemNames(schema, schema.id_items)},
          {"version_item", ItemName(schema, schema.version_item)},
          {"event_time_item", ItemName(schema, schema.event_time_item)},
          {"window_seconds", resource.window_us / 1'000'000},
          {"snapshots", entity ? PolicyOf(resource.snapshots) : Json()},
          {"items", items}};
}

Json GrantRow(const catalog::CatalogTable& table, const catalog::Grant& grant) {
  const catalog::Resource* resource = table.FindResource(grant.resource_id);
  return {{"kind", "grant"},
          {"id", grant.id},
          {"name", grant.name},
          {"resource", NameOf(resource)},
          {"department", NameOf(table.FindDepartment(grant.department_id))},
          {"items", FieldNames(resource, grant.item_fields)},
          {"purpose", grant.purpose},
          {"valid_until", TimeJson(grant.valid_until)},
          {"revoked", grant.revoked}};
}

Json SubscriptionRow(const catalog::CatalogTable& table, const catalog::Subscription& subscription) {
  const catalog::View* view = table.FindView(subscription.view_id);
  return {{"kind", "subscription"},
          {"id", subscription.id},
          {"name", subscription.name},
          {"grant", NameOf(table.FindGrant(subscription.grant_id))},
          {"resource", view == nullptr ? std::string() : NameOf(table.FindResource(view->resource_id))},
          {"start", StartText(subscription.start)},
          {"delivery", FormText(subscription.form)},
          {"since_version", subscription.since_version},
          {"stream", subscription.view_id},
          {"suspended", subscription.suspended},
          {"active", subscription.active}};
}

Json ConnectorRow(const catalog::Connector& connector) {
  Json options = Json::object();
  for (const auto& [key, value] : connector.options) options[key] = value;
  return {{"kind", "connector"},
          {"id", connector.id},
          {"name", connector.name},
          {"connector_kind", connector.kind},
          {"direction", connector.sink ? "sink" : "source"},
          {connector.sink ? "subscription" : "resource", connector.sink ? connector.subscription : connector.resource},
          {"options", options}};
}

}  // namespace

absl::StatusOr<Json> AnswerCatalog(Question& question) {
  RETURN_IF_ERROR(question.params.Check());
  const auto table = question.exchange.catalog();
  Responder& out = question.out;
  for (const auto& [id, one] : table->departments()) {
    out.Row({{"kind", "department"},
             {"id", id},
             {"name", one.name},
             {"title", one.title},
             {"social_credit_code", one.social_credit_code},
             {"kafka_user", one.kafka_user}});
  }
  for (const auto& [id, one] : table->key_domains()) {  // their secrets stay where they are
    out.Row({{"kind", "key_domain"}, {"id", id}, {"name", one.name}});
  }
  for (const auto& [id, one] : table->resources()) out.Row(ResourceRow(*table, one));
  for (const auto& [id, one] : table->grants()) out.Row(GrantRow(*table, one));
  for (const auto& [id, one] : table->subscriptions()) out.Row(SubscriptionRow(*table, one));
  for (const auto& [id, one] : table->connectors()) out.Row(ConnectorRow(one));
  return Json{{"version", table->version()}};
}

absl::StatusOr<Json> AnswerCatalogProto(Question& question) {
  const std::string name = question.params.Required("resource");
  RETURN_IF_ERROR(question.params.Check());
  const auto table = question.exchange.catalog();
  ASSIGN_OR_RETURN(const catalog::Resource* resource, ResourceNamed(*table, name));
  const record::ProtobufDescriptor derived = record::DeriveProtobuf(*resource->schema);
  question.out.Row({{"resource", resource->name},
                    {"schema_version", resource->schema->version},
                    {"message", derived.message_name},
                    {"proto", derived.proto_text}});
  return Json::object();
}

}  // namespace datong::admin
