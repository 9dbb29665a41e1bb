// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/catalog/yaml_map_reader.h"
#include "exchange_core/record/record_schema.h"

// The catalog file as objects that somebody wants, checked as far as the file alone tells: keys, types, values, names
// given twice. References to other objects and the rules of change are the planner's (change_planner.h).
namespace datong::catalog {

// What all have in common. `node` points into DesiredCatalog::document.
struct Desired {
  const YamlNode* node = nullptr;
  std::string name;
  bool retired = false;  // a grant: revoked
  bool sound = true;     // false: has findings already; further checks of it would only repeat them

  Place At(std::string_view key) const { return node->At(key); }
};

struct DesiredDepartment : Desired {
  std::string title, social_credit_code, kafka_user;
};

struct DesiredKeyDomain : Desired {};

struct DesiredItem : Desired {
  std::optional<record::ItemType> type;  // nullopt: not stated
  bool compared = true, empty_is_value = false, required = false;
  bool ignore_case = false, ignore_spaces = false, ignore_width = false;  // same_spelling
  std::string title;
  uint32_t field = 0;  // 0: not stated
};

struct DesiredResource : Desired {
  std::string title, provider, key_domain;
  record::ResourceKind kind = record::ResourceKind::kEntity;
  std::optional<uint32_t> partitions;
  std::vector<DesiredItem> items;
  std::vector<PlacedText> key, id;
  std::string version, event_time;
  std::optional<base::TimeUs> window;
  std::optional<SnapshotPolicy> snapshots;
};

struct DesiredGrant : Desired {
  std::string resource, department, purpose;
  bool all_items = false;
  std::vector<PlacedText> items;
  base::TimeUs valid_until = 0;
};

struct DesiredSubscription : Desired {
  std::string grant;
  SubscriptionStart start = SubscriptionStart::kBeginning;
  DeliveryForm form = DeliveryForm::kPacked;
  bool suspended = false;
};

struct DesiredConnector : Desired {
  std::string kind;
  bool sink = false;
  PlacedText target;  // resource of a source, subscription of a sink
  std::map<std::string, std::string> options;
};

struct DesiredCatalog {
  std::unique_ptr<const YamlNode> document;
  std::vector<DesiredDepartment> departments;
  std::vector<DesiredKeyDomain> key_domains;
  std::vector<DesiredResource> resources;
  std::vector<DesiredGrant> grants;
  std::vector<DesiredSubscription> subscriptions;
  std::vector<DesiredConnector> connectors;
};

// What could be read, also when there are findings.
DesiredCatalog ReadCatalog(std::string_view yaml, Findings& findings);

// The YAML words of item types, in the order of record::ItemType from kString on.
const std::vector<std::string>& ItemTypeWords();
std::string ItemTypeWord(record::ItemType type);

}  // namespace datong::catalog
