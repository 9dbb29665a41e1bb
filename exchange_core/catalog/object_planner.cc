// SPDX-License-Identifier: Apache-2.0
// The part of ChangePlanner that knows each kind of object.
#include <algorithm>

#include "exchange_core/catalog/change_planner.h"
#include "exchange_core/catalog/nearest_name.h"
#include "exchange_core/catalog/resource_planner.h"

namespace datong::catalog {
namespace {

// Packed is left out: it is what every subscription was before there were others.
v1::DeliveryForm FormOf(DeliveryForm form) {
  return form == DeliveryForm::kPacked ? v1::DELIVERY_FORM_UNSPECIFIED : static_cast<v1::DeliveryForm>(form);
}

std::string NewSecret(base::RandomSource& random) {
  std::string secret;
  for (int half = 0; half < 2; ++half) {
    const uint64_t word = random.Next();
    for (int byte = 0; byte < 8; ++byte) secret += static_cast<char>(word >> (8 * byte));
  }
  return secret;
}

void WriteGrant(const Grant& grant, v1::Grant& entry) {
  entry.set_id(grant.id);
  entry.set_name(grant.name);
  entry.set_resource_id(grant.resource_id);
  entry.set_department_id(grant.department_id);
  for (const uint32_t field : grant.item_fields) entry.add_item_fields(field);
  entry.set_purpose(grant.purpose);
  entry.set_valid_until(grant.valid_until);
  entry.set_revoked(grant.revoked);
}

}  // namespace

void ChangePlanner::PlanDepartment(const DesiredDepartment& wanted, uint32_t number) {
  const Department* before = table_.FindDepartment(number);
  const bool same = before != nullptr && before->title == wanted.title &&
                    before->social_credit_code == wanted.social_credit_code && before->kafka_user == wanted.kafka_user;
  if (wanted.retired ? before == nullptr : same) return Say(ObjectKind::kDepartment, wanted.name, "unchanged");
  v1::Department& entry = *change_.add_departments();
  entry.set_id(number);
  entry.set_name(wanted.name);
  entry.set_title(wanted.title);
  entry.set_social_credit_code(wanted.social_credit_code);
  entry.set_kafka_user(wanted.kafka_user);
  entry.set_retired(wanted.retired);
  Say(ObjectKind::kDepartment, wanted.name, wanted.retired ? "retired" : before == nullptr ? "new" : "changed");
}

void ChangePlanner::PlanKeyDomain(const DesiredKeyDomain& wanted, uint32_t number) {
  const KeyDomain* before = table_.FindKeyDomain(number);
  if (wanted.retired ? before == nullptr : before != nullptr)
    return Say(ObjectKind::kKeyDomain, wanted.name, "unchanged");
  v1::KeyDomain& entry = *change_.add_key_domains();
  entry.set_id(number);
  entry.set_name(wanted.name);
  entry.set_digest_key_id(before == nullptr ? number : before->key.id);
  entry.set_digest_secret(before == nullptr ? NewSecret(random_)
                                            : std::string(before->key.secret.begin(), before->key.secret.end()));
  entry.set_retired(wanted.retired);
  Say(ObjectKind::kKeyDomain, wanted.name, wanted.retired ? "retired" : "new");
}

void ChangePlanner::PlanResourceOf(const DesiredResource& wanted, uint32_t number) {
  const Resource* existing = table_.FindResource(number);
  const v1::Resource* before = existing == nullptr ? nullptr : existing->definition.get();
  if (wanted.retired) {
    if (before == nullptr) return Say(ObjectKind::kResource, wanted.name, "unchanged");
    v1::Resource& entry = *change_.add_resources();
    entry = *before;
    entry.set_retired(true);
    return Say(ObjectKind::kResource, wanted.name, "retired");
  }
  const size_t findings_before = findings_.size();
  v1::Resource after;
  after.set_id(number);
  // An existing resource keeps naming what it named, so that one finding (in_use) tells what is wrong when that ends.
  after.set_provider_id(Resolve(ObjectKind::kDepartment, wanted.provider, wanted.At("provider"), before != nullptr));
  after.set_key_domain_id(
      Resolve(ObjectKind::kKeyDomain, wanted.key_domain, wanted.At("key_domain"), before != nullptr));
  const bool references_known = findings_.size() == findings_before;
  // Rules of change would only repeat an unknown reference, so such a resource is held against its own rules alone.
  PlanResource(wanted, references_known ? before : nullptr, after, findings_);
  if (findings_.size() != findings_before) {
    resources_[number] = std::nullopt;
    return;
  }
  resources_[number] = after;
  if (before != nullptr && before->SerializeAsString() == after.SerializeAsString()) {
    return Say(ObjectKind::kResource, wanted.name, "unchanged");
  }
  *change_.add_resources() = after;
  Say(ObjectKind::kResource, wanted.name, DescribeResourceChange(before, after));
}

std::optional<std::vector<uint32_t>> ChangePlanner::GrantedFields(const DesiredGrant& wanted, uint32_t resource,
                                                                  bool granted_before) {
  std::vector<uint32_t> fields;
  if (wanted.all_items) return fields;
  const v1::Resource* definition = nullptr;
  if (const auto planned = resources_.find(resource); planned != resources_.end()) {
    if (planned->second) definition = &*planned->second;
  } else if (const Resource* existing = table_.FindResource(resource)) {
    definition = existing->definition.get();
  }
  if (definition == nullptr) return std::nullopt;
  bool complete = true;
  for (const PlacedText& name : wanted.items) {
    const auto item = std::find_if(definition->items().begin(), definition->items().end(),
                                   [&](const v1::Item& candidate) { return candidate.name() == name.text; });
    const bool found = item != definition->items().end();
    if (found && (granted_before || !item->retired())) {
      if (std::find(fields.begin(), fields.end(), item->field_number()) == fields.end()) {
        fields.push_back(item->field_number());
        continue;
      }
      findings_.Add(name.place, "duplicate_name", "item '" + name.text + "' stands twice in 'items'", "remove one");
    } else {
      std::vector<std::string> names;
      for (const v1::Item& candidate : definition->items()) {
        if (!candidate.retired()) names.push_back(candidate.name());
      }
      findings_.Add(
          name.place, "unknown_reference",
          "item '" + name.text + "' of resource '" + wanted.resource + "' " + (found ? "is retired" : "does not exist"),
          DidYouMean(name.text, names, ""));
    }
    complete = false;
  }
  if (!complete) return std::nullopt;
  std::sort(fields.begin(), fields.end());
  return fields;
}

void ChangePlanner::PlanGrant(const DesiredGrant& wanted, uint32_t number) {
  const Grant* before = table_.FindGrant(number);
  Grant after;
  if (wanted.retired) {
    if (before->revoked) return Say(ObjectKind::kGrant, wanted.name, "unchanged");
    after = *before;
    after.revoked = true;
    WriteGrant(after, *change_.add_grants());
    return Say(ObjectKind::kGrant, wanted.name, "revoked: its subscriptions end");
  }
  const bool exists = before != nullptr;
  after.id = number;
  after.name = wanted.name;
  after.resource_id = Resolve(ObjectKind::kResource, wanted.resource, wanted.At("resource"), exists);
  after.department_id = Resolve(ObjectKind::kDepartment, wanted.department, wanted.At("department"), exists);
  after.purpose = wanted.purpose;
  after.valid_until = wanted.valid_until;
  if (after.resource_id == 0 || after.department_id == 0) return;
  const auto refuse = [&](std::string_view key, const std::string& message, const std::string& why) {
    RefuseChange(wanted, key, "grant '" + wanted.name + "': " + message + "; make a new grant",
                 "make a new grant and revoke this one", why);
  };
  if (exists && before->resource_id != after.resource_id) {
    return refuse("resource", "its resource cannot change", "what was approved was access to the old one");
  }
  if (exists && before->department_id != after.department_id) {
    refuse("department", "its department cannot change", "what was approved was access for the old one");
  }
  const std::optional<std::vector<uint32_t>> fields = GrantedFields(wanted, after.resource_id, exists);
  if (!fields) return;
  after.item_fields = *fields;
  if (exists && before->item_fields != after.item_fields) {
    refuse("items", "grant items cannot change", "its subscriptions read a stream made for exactly these items");
  }
  const bool end_changes = !exists || before->valid_until != after.valid_until;
  if (end_changes && after.valid_until != 0 && after.valid_until <= now_) {
    findings_.Add(wanted.At("valid_until"), "bad_value", "'valid_until' is already over",
                  exists ? "write 'revoked: true' to end it" : "write a later date");
  }
  if (exists && !end_changes && before->purpose == after.purpose)
    return Say(ObjectKind::kGrant, wanted.name, "unchanged");
  WriteGrant(after, *change_.add_grants());
  Say(ObjectKind::kGrant, wanted.name,
      exists ? "changed"
             : "new (" + (wanted.all_items ? std::string("all items") : std::to_string(fields->size()) + " items") +
                   " of " + wanted.resource + " to " + wanted.department + ")");
}

void ChangePlanner::PlanSubscription(const DesiredSubscription& wanted, uint32_t number) {
  const Subscription* before = table_.FindSubscription(number);
  v1::Subscription entry;
  entry.set_id(number);
  entry.set_name(wanted.name);
  entry.set_suspended(wanted.suspended);
  if (wanted.retired) {
    if (before->retired) return Say(ObjectKind::kSubscription, wanted.name, "unchanged");
    entry.set_grant_id(before->grant_id);
    entry.set_start(static_cast<v1::SubscriptionStart>(before->start));
    entry.set_delivery(FormOf(before->form));
    entry.set_suspended(before->suspended);
    entry.set_retired(true);
    *change_.add_subscriptions() = entry;
    return Say(ObjectKind::kSubscription, wanted.name, "retired");
  }
  entry.set_grant_id(Resolve(ObjectKind::kGrant, wanted.grant, wanted.At("grant"), before != nullptr));
  entry.set_start(static_cast<v1::SubscriptionStart>(wanted.start));
  entry.set_delivery(FormOf(wanted.form));
  if (entry.grant_id() == 0) return;
  if (before != nullptr && before->grant_id != entry.grant_id()) {
    RefuseChange(wanted, "grant", "subscription '" + wanted.name + "': its grant cannot change",
                 "make a new subscription", "its positions belong to the stream of the old grant");
  }
  if (before != nullptr && before->start != wanted.start) {
    RefuseChange(wanted, "start", "subscription '" + wanted.name + "': its start cannot change",
                 "make a new subscription", "it has started already");
  }
  if (before != nullptr && before->form != wanted.form) {
    RefuseChange(wanted, "delivery", "subscription '" + wanted.name + "': its form of delivery cannot change",
                 "make a new subscription", "its positions belong to a stream in the old form");
  }
  if (before != nullptr && before->suspended == wanted.suspended) {
    return Say(ObjectKind::kSubscription, wanted.name, "unchanged");
  }
  *change_.add_subscriptions() = entry;
  Say(ObjectKind::kSubscription, wanted.name,
      before == nullptr  ? "new (grant " + wanted.grant + ")"
      : wanted.suspended ? "suspended"
                         : "resumed");
}

void ChangePlanner::PlanConnector(const DesiredConnector& wanted, uint32_t number) {
  const auto found = table_.connectors().find(number);
  const Connector* before = found == table_.connectors().end() ? nullptr : &found->second;
  if (wanted.retired && before == nullptr) return Say(ObjectKind::kConnector, wanted.name, "unchanged");
  v1::Connector entry;
  entry.set_id(number);
  entry.set_name(wanted.name);
  entry.set_retired(wanted.retired);
  if (wanted.retired) {
    *change_.add_connectors() = entry;
    return Say(ObjectKind::kConnector, wanted.name, "retired");
  }
  const ObjectKind target = wanted.sink ? ObjectKind::kSubscription : ObjectKind::kResource;
  if (Resolve(target, wanted.target.text, wanted.target.place, before != nullptr) == 0) return;
  if (before != nullptr) {
    const std::string& target_before = before->sink ? before->subscription : before->resource;
    if (before->sink != wanted.sink || target_before != wanted.target.text || before->kind != wanted.kind) {
      findings_.Add(wanted.target.place, "breaking_change",
                    "connector '" + wanted.name +
                        "': it cannot turn to another kind, resource or subscription (was: " + target_before + ")",
                    "make a new connector and retire this one",
                    "the positions kept under its number belong to the old one");
      return;
    }
    if (before->options == wanted.options) return Say(ObjectKind::kConnector, wanted.name, "unchanged");
  }
  entry.set_kind(wanted.kind);
  entry.set_sink(wanted.sink);
  (wanted.sink ? *entry.mutable_subscription() : *entry.mutable_resource()) = wanted.target.text;
  for (const auto& [key, value] : wanted.options) (*entry.mutable_options())[key] = value;
  *change_.add_connectors() = entry;
  Say(ObjectKind::kConnector, wanted.name, before == nullptr ? "new" : "changed");
}

}  // namespace datong::catalog
