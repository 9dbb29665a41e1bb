// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/change_application.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/compatibility.h"
#include "exchange_core/catalog/resource_schema.h"
#include "exchange_core/catalog/snapshot_policy.h"

namespace datong::catalog {
namespace {

constexpr uint32_t kNumberMax = 1u << 30;

absl::Status Contradiction(const std::string& what) { return absl::InvalidArgumentError("catalog change: " + what); }

template <typename Entry>
absl::Status GoneForEver(std::string_view kind, const Entry& entry) {
  return Contradiction(std::string(kind) + " '" + entry.name() + "' is retired and cannot return");
}

}  // namespace

absl::Status CatalogTable::Apply(const v1::CatalogChange& change) {
  if (change.version() != version_ + 1) {
    return absl::FailedPreconditionError("catalog change: it makes version " + std::to_string(change.version()) +
                                         ", the catalog is at version " + std::to_string(version_) +
                                         "; plan it again from the present catalog");
  }
  CatalogTable next = *this;
  RETURN_IF_ERROR(ChangeApplication(next).Run(change));
  *this = std::move(next);
  return absl::OkStatus();
}

absl::Status ChangeApplication::Run(const v1::CatalogChange& change) {
  table_.version_ = change.version();
  for (const auto& entry : change.departments()) RETURN_IF_ERROR(Take(entry));
  for (const auto& entry : change.key_domains()) RETURN_IF_ERROR(Take(entry));
  for (const auto& entry : change.resources()) RETURN_IF_ERROR(Take(entry));
  for (const auto& entry : change.grants()) RETURN_IF_ERROR(Take(entry));
  // Views are numbered in the order in which subscriptions ask for them, so that order must not depend on the writer.
  std::vector<const v1::Subscription*> subscriptions;
  for (const auto& entry : change.subscriptions()) subscriptions.push_back(&entry);
  std::sort(subscriptions.begin(), subscriptions.end(), [](const auto* a, const auto* b) { return a->id() < b->id(); });
  for (const auto* entry : subscriptions) RETURN_IF_ERROR(Take(*entry));
  for (const auto& entry : change.connectors()) RETURN_IF_ERROR(Take(entry));
  RefreshActive();
  return CheckReferences();
}

absl::Status ChangeApplication::Claim(ObjectKind kind, uint32_t id, const std::string& name) {
  if (name.empty() || id == 0 || id > kNumberMax) return Contradiction("an object without a name or number");
  auto& numbers = table_.numbers_[static_cast<size_t>(kind)];
  const auto known = numbers.find(name);
  if (known != numbers.end()) {
    if (known->second == id) return absl::OkStatus();
    return Contradiction("'" + name + "' has number " + std::to_string(known->second) + ", not " + std::to_string(id));
  }
  uint32_t& next = table_.next_number_[static_cast<size_t>(kind)];
  if (id < next) return Contradiction("number " + std::to_string(id) + " of '" + name + "' was given before");
  numbers.emplace(name, id);
  next = id + 1;
  return absl::OkStatus();
}

absl::Status ChangeApplication::Take(const v1::Department& entry) {
  const bool fresh = table_.NumberOf(ObjectKind::kDepartment, entry.name()) == 0;
  RETURN_IF_ERROR(Claim(ObjectKind::kDepartment, entry.id(), entry.name()));
  if (!fresh && !table_.departments_.contains(entry.id()) && !entry.retired()) return GoneForEver("department", entry);
  const Department* before = table_.FindDepartment(entry.id());
  const bool writes_itself = !entry.kafka_user().empty() || (before != nullptr && before->writes_itself);
  table_.departments_.erase(entry.id());
  if (!entry.kafka_user().empty()) table_.kafka_users_.insert(entry.kafka_user());
  if (entry.retired()) return absl::OkStatus();
  table_.departments_[entry.id()] = {entry.id(),         entry.name(), entry.title(), entry.social_credit_code(),
                                     entry.kafka_user(), writes_itself};
  return absl::OkStatus();
}

absl::Status ChangeApplication::Take(const v1::KeyDomain& entry) {
  const bool fresh = table_.NumberOf(ObjectKind::kKeyDomain, entry.name()) == 0;
  RETURN_IF_ERROR(Claim(ObjectKind::kKeyDomain, entry.id(), entry.name()));
  const KeyDomain* before = table_.FindKeyDomain(entry.id());
  if (!fresh && before == nullptr && !entry.retired()) return GoneForEver("key domain", entry);
  KeyDomain domain{entry.id(), entry.name(), {entry.digest_key_id(), {}}};
  if (entry.digest_secret().size() != domain.key.secret.size() || entry.digest_key_id() == 0) {
    return Contradiction("key domain '" + entry.name() + "' has no usable secret");
  }
  std::memcpy(domain.key.secret.data(), entry.digest_secret().data(), domain.key.secret.size());
  if (before != nullptr && (before->key.id != domain.key.id || before->key.secret != domain.key.secret)) {
    return Contradiction("the secret of key domain '" + entry.name() + "' changes");
  }
  table_.key_domains_.erase(entry.id());
  if (!entry.retired()) table_.key_domains_[entry.id()] = std::move(domain);
  return absl::OkStatus();
}

absl::Status ChangeApplication::Take(const v1::Resource& entry) {
  const bool fresh = table_.NumberOf(ObjectKind::kResource, entry.name()) == 0;
  RETURN_IF_ERROR(Claim(ObjectKind::kResource, entry.id(), entry.name()));
  const Resource* before = table_.FindResource(entry.id());
  if (!fresh && before == nullptr && !entry.retired()) return GoneForEver("resource", entry);
  if (entry.retired()) {
    table_.resources_.erase(entry.id());
    return absl::OkStatus();
  }
  if (entry.partitions() == 0 || entry.partitions() > base::kPartitionsMax || entry.window_us() < 0) {
    return Contradiction("resource '" + entry.name() + "' has an impossible number of partitions or window");
  }
  if (entry.has_snapshots()) {
    const std::string wrong =
        entry.kind() == v1::ENTITY ? PolicyContradiction(entry.snapshots()) : "snapshots, which events do not have";
    if (!wrong.empty()) return Contradiction("resource '" + entry.name() + "' has " + wrong);
  }
  // Compiled first, because the comparison relies on types and numbers that exist.
  ASSIGN_OR_RETURN(std::shared_ptr<const record::RecordSchema> compiled, CompileSchema(entry));
  Resource resource;
  uint32_t schema_version = 1;
  if (before != nullptr) {
    const auto broken = FindIncompatibilities(*before->definition, entry);
    if (!broken.empty()) return Contradiction(broken.front().message);
    resource.schema = before->schema;
    resource.versions = before->versions;
    schema_version = before->schema->version + (SchemaDiffers(*before->definition, entry) ? 1 : 0);
  }
  if (entry.schema_version() != schema_version) {
    return Contradiction("resource '" + entry.name() + "' should get schema version " + std::to_string(schema_version) +
                         ", not " + std::to_string(entry.schema_version()));
  }
  if (resource.schema == nullptr || resource.schema->version != schema_version) {
    resource.schema = std::move(compiled);
    resource.versions.push_back(resource.schema);
  }
  resource.id = entry.id();
  resource.name = entry.name();
  resource.title = entry.title();
  resource.provider_id = entry.provider_id();
  resource.key_domain_id = entry.key_domain_id();
  resource.partitions = entry.partitions();
  resource.window_us = entry.window_us();
  if (entry.has_snapshots()) resource.snapshots = PolicyFrom(entry.snapshots());
  resource.definition = std::make_shared<const v1::Resource>(entry);
  table_.resources_[entry.id()] = std::move(resource);
  return absl::OkStatus();
}

absl::Status ChangeApplication::Take(const v1::Grant& entry) {
  RETURN_IF_ERROR(Claim(ObjectKind::kGrant, entry.id(), entry.name()));
  Grant grant{entry.id(),
              entry.name(),
              entry.resource_id(),
              entry.department_id(),
              {entry.item_fields().begin(), entry.item_fields().end()},
              entry.valid_until(),
              entry.revoked(),
              entry.purpose()};
  const auto& fields = grant.item_fields;
  if (std::adjacent_find(fields.begin(), fields.end(), std::greater_equal<>()) != fields.end() ||
      std::any_of(fields.begin(), fields.end(), [](uint32_t field) { return field == 0 || field > kFieldNumberMax; })) {
    return Contradiction("the items of grant '" + entry.name() + "' are not in ascending field number");
  }
  if (const Grant* before = table_.FindGrant(entry.id())) {
    if (before->revoked && !grant.revoked)
      return Contradiction("grant '" + entry.name() + "' is revoked and cannot return");
    if (before->resource_id != grant.resource_id || before->department_id != grant.department_id ||
        before->item_fields != grant.item_fields) {
      return Contradiction("resource, department or items of grant '" + entry.name() + "' change");
    }
  }
  // A number that no item has yet would let a later item through that nobody granted.
  if (const Resource* resource = table_.FindResource(grant.resource_id)) {
    const auto& items = resource->definition->items();
    for (const uint32_t field : fields) {
      if (std::none_of(items.begin(), items.end(),
                       [&](const v1::Item& item) { return item.field_number() == field; })) {
        return Contradiction("grant '" + entry.name() + "' names field number " + std::to_string(field) +
                             ", which no item has");
      }
    }
  }
  table_.grants_[entry.id()] = std::move(grant);
  return absl::OkStatus();
}

absl::Status ChangeApplication::Take(const v1::Subscription& entry) {
  RETURN_IF_ERROR(Claim(ObjectKind::kSubscription, entry.id(), entry.name()));
  if (entry.start() < v1::BEGINNING || entry.start() > v1::PRESENT_STATE) {
    return Contradiction("subscription '" + entry.name() + "' has start number " + std::to_string(entry.start()));
  }
  if (entry.delivery() < v1::DELIVERY_FORM_UNSPECIFIED || entry.delivery() > v1::JSON) {
    return Contradiction("subscription '" + entry.name() + "' has delivery form " + std::to_string(entry.delivery()));
  }
  const DeliveryForm form = entry.delivery() == v1::DELIVERY_FORM_UNSPECIFIED
                                ? DeliveryForm::kPacked
                                : static_cast<DeliveryForm>(entry.delivery());
  const Grant* grant = table_.FindGrant(entry.grant_id());
  if (grant == nullptr) return Contradiction("subscription '" + entry.name() + "' names no known grant");
  Subscription subscription;
  if (const Subscription* before = table_.FindSubscription(entry.id())) {
    subscription = *before;
    if (before->grant_id != entry.grant_id() || before->start != static_cast<SubscriptionStart>(entry.start()) ||
        before->form != form) {
      return Contradiction("grant, start or delivery of subscription '" + entry.name() + "' changes");
    }
    if (before->retired && !entry.retired()) return GoneForEver("subscription", entry);
  } else {
    subscription.view_id = ViewFor(*grant, form);
    subscription.since_version = table_.version_;
  }
  subscription.id = entry.id();
  subscription.name = entry.name();
  subscription.grant_id = entry.grant_id();
  subscription.start = static_cast<SubscriptionStart>(entry.start());
  subscription.form = form;
  subscription.suspended = entry.suspended();
  subscription.retired = entry.retired();
  table_.subscriptions_[entry.id()] = std::move(subscription);
  return absl::OkStatus();
}

absl::Status ChangeApplication::Take(const v1::Connector& entry) {
  RETURN_IF_ERROR(Claim(ObjectKind::kConnector, entry.id(), entry.name()));
  // A connector may return: its number only names whose positions these are.
  table_.connectors_.erase(entry.id());
  if (entry.retired()) return absl::OkStatus();
  Connector connector{entry.id(), entry.name(), entry.kind(), entry.resource(), entry.subscription(), entry.sink(), {}};
  for (const auto& [key, value] : entry.options()) connector.options[key] = value;
  table_.connectors_[entry.id()] = std::move(connector);
  return absl::OkStatus();
}

uint32_t ChangeApplication::ViewFor(const Grant& grant, DeliveryForm form) {
  for (const auto& [id, view] : table_.views_) {
    if (view.resource_id == grant.resource_id && view.item_fields == grant.item_fields && view.form == form) return id;
  }
  View view{table_.next_view_++, grant.resource_id, grant.item_fields, form, nullptr};
  view.projection = std::make_shared<const record::Projection>(
      grant.item_fields.empty() ? record::Projection::Everything() : record::Projection(grant.item_fields));
  const uint32_t id = view.id;
  table_.views_[id] = std::move(view);
  return id;
}

void ChangeApplication::RefreshActive() {
  for (auto& [id, subscription] : table_.subscriptions_) {
    subscription.active = !subscription.retired && !table_.grants_.at(subscription.grant_id).revoked;
  }
}

absl::Status ChangeApplication::CheckReferences() const {
  for (const auto& [id, resource] : table_.resources_) {
    if (table_.FindDepartment(resource.provider_id) == nullptr ||
        table_.FindKeyDomain(resource.key_domain_id) == nullptr) {
      return Contradiction("resource '" + resource.name + "' names a provider or key domain that is not there");
    }
  }
  for (const auto& [id, grant] : table_.grants_) {
    if (grant.revoked) continue;
    const Resource* resource = table_.FindResource(grant.resource_id);
    if (resource == nullptr || table_.FindDepartment(grant.department_id) == nullptr) {
      return Contradiction("grant '" + grant.name + "' names a resource or department that is not there");
    }
  }
  for (const auto& [id, connector] : table_.connectors_) {
    const bool there = connector.sink ? table_.FindSubscription(connector.subscription) != nullptr
                                      : table_.FindResource(connector.resource) != nullptr;
    if (!there) return Contradiction("connector '" + connector.name + "' names what is not there");
  }
  return absl::OkStatus();
}

}  // namespace datong::catalog
