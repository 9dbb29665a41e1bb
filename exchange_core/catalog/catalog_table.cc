// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/catalog_table.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "exchange_core/base/check.h"

namespace datong::catalog {
namespace {

template <typename Object>
const Object* Find(const std::map<uint32_t, Object>& objects, uint32_t id) {
  const auto found = objects.find(id);
  return found == objects.end() ? nullptr : &found->second;
}

}  // namespace

std::string Resource::publish_topic() const { return "pub." + std::to_string(id); }
std::string View::stream_topic() const { return "deliver." + std::to_string(id); }

uint32_t LaneOf(const Resource& resource, uint32_t partition, uint32_t lanes) {
  DATONG_CHECK(lanes > 0);
  return static_cast<uint32_t>((uint64_t{resource.key_domain_id} + partition) % lanes);
}

uint32_t CatalogTable::NumberOf(ObjectKind kind, std::string_view name) const {
  const NumbersByName& numbers = numbers_[static_cast<size_t>(kind)];
  const auto found = numbers.find(name);
  return found == numbers.end() ? 0 : found->second;
}

const Department* CatalogTable::FindDepartment(uint32_t id) const { return Find(departments_, id); }
const KeyDomain* CatalogTable::FindKeyDomain(uint32_t id) const { return Find(key_domains_, id); }
const Resource* CatalogTable::FindResource(uint32_t id) const { return Find(resources_, id); }
const Grant* CatalogTable::FindGrant(uint32_t id) const { return Find(grants_, id); }
const View* CatalogTable::FindView(uint32_t id) const { return Find(views_, id); }
const Subscription* CatalogTable::FindSubscription(uint32_t id) const { return Find(subscriptions_, id); }

const Department* CatalogTable::FindDepartment(std::string_view name) const {
  return FindDepartment(NumberOf(ObjectKind::kDepartment, name));
}
const KeyDomain* CatalogTable::FindKeyDomain(std::string_view name) const {
  return FindKeyDomain(NumberOf(ObjectKind::kKeyDomain, name));
}
const Resource* CatalogTable::FindResource(std::string_view name) const {
  return FindResource(NumberOf(ObjectKind::kResource, name));
}
const Grant* CatalogTable::FindGrant(std::string_view name) const {
  return FindGrant(NumberOf(ObjectKind::kGrant, name));
}
const Subscription* CatalogTable::FindSubscription(std::string_view name) const {
  return FindSubscription(NumberOf(ObjectKind::kSubscription, name));
}
const Connector* CatalogTable::FindConnector(std::string_view name) const {
  return Find(connectors_, NumberOf(ObjectKind::kConnector, name));
}

std::vector<const View*> CatalogTable::ViewsOf(uint32_t resource_id) const {
  std::set<uint32_t> read;
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription.active) read.insert(subscription.view_id);
  }
  std::vector<const View*> views;
  for (const auto& [id, view] : views_) {
    if (view.resource_id == resource_id && read.contains(id)) views.push_back(&view);
  }
  return views;
}

std::vector<const Subscription*> CatalogTable::SubscriptionsOf(uint32_t view_id) const {
  std::vector<const Subscription*> readers;
  for (const auto& [id, subscription] : subscriptions_) {
    if (subscription.active && subscription.view_id == view_id) readers.push_back(&subscription);
  }
  return readers;
}

}  // namespace datong::catalog
