// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/record/projection.h"
#include "exchange_core/record/record_schema.h"

namespace datong::catalog::v1 {
class CatalogChange;
class Resource;
}  // namespace datong::catalog::v1

// The catalog as applied: pure state, obtained only by applying changes in order. Copies are cheap to keep (shared,
// immutable parts); a lane holds one version until it takes the next.
namespace datong::catalog {

// Field numbers of items end before those that protobuf keeps for itself.
inline constexpr uint32_t kFieldNumberMax = 18'999;

struct Department {
  uint32_t id = 0;
  std::string name, title, social_credit_code;
  std::string kafka_user;  // as whom its own connectors speak to a Kafka cluster; "" = they do not
  // It has or once had such a user: what stands in its resources' topics may not have been written by the exchange.
  bool writes_itself = false;
};

struct KeyDomain {
  uint32_t id = 0;
  std::string name;
  base::DigestKey key;
};

// What two rows of one snapshot with one key and different content come to.
enum class SameKeyRule : uint8_t { kQuarantine = 0, kFirst = 1, kLast = 2 };

// How full dumps of a resource are judged (docs/snapshots.md).
struct SnapshotPolicy {
  uint32_t vanish_permille_max = 200;       // of the keys the source supplied; 1000: off
  uint64_t vanish_records_max = 0;          // not 0: instead of the share
  std::vector<uint64_t> suspicious_counts;  // besides those every spreadsheet knows
  bool added_columns_pass = false;
  SameKeyRule same_key = SameKeyRule::kQuarantine;
  bool early_flow = false;             // changes leave as they come; only deletes are judged
  uint32_t one_item_permille_max = 0;  // 0: off

  friend bool operator==(const SnapshotPolicy&, const SnapshotPolicy&) = default;
};

struct Resource {
  uint32_t id = 0;
  std::string name, title;
  uint32_t provider_id = 0;
  uint32_t key_domain_id = 0;
  uint32_t partitions = 1;
  base::TimeUs window_us = 0;                                         // events: how long an id is remembered
  SnapshotPolicy snapshots;                                           // entities
  std::shared_ptr<const record::RecordSchema> schema;                 // current version
  std::vector<std::shared_ptr<const record::RecordSchema>> versions;  // all, ascending
  std::shared_ptr<const v1::Resource> definition;  // as applied: titles, retired items and their numbers

  std::string publish_topic() const;  // "pub.<id>"
};

struct Grant {
  uint32_t id = 0;
  std::string name;
  uint32_t resource_id = 0;
  uint32_t department_id = 0;
  std::vector<uint32_t> item_fields;  // sorted; empty = every item
  base::TimeUs valid_until = 0;       // 0 = open
  bool revoked = false;
  std::string purpose;
};

// How the messages of a stream look: a batch each, or a record each for those who read it with tools of their own
// (docs/record_streams.md).
enum class DeliveryForm : uint8_t { kPacked = 1, kRecords = 2, kJson = 3 };

// What a grant lets through, and in which form; subscriptions with an equal view share one delivery stream.
struct View {
  uint32_t id = 0;  // = the delivery stream's number, given by the table when a view first appears, never reused
  uint32_t resource_id = 0;
  std::vector<uint32_t> item_fields;  // sorted; empty = every item
  DeliveryForm form = DeliveryForm::kPacked;
  std::shared_ptr<const record::Projection> projection;

  std::string stream_topic() const;  // "deliver.<id>"
};

enum class SubscriptionStart : uint8_t { kBeginning = 1, kNow = 2, kPresentState = 3 };

struct Subscription {
  uint32_t id = 0;
  std::string name;
  uint32_t grant_id = 0;
  uint32_t view_id = 0;
  SubscriptionStart start = SubscriptionStart::kBeginning;
  DeliveryForm form = DeliveryForm::kPacked;
  uint64_t since_version = 0;  // catalog version that brought it
  bool suspended = false;
  bool retired = false;
  bool active = true;  // false: retired, or its grant is revoked
};

struct Connector {
  uint32_t id = 0;
  std::string name, kind, resource, subscription;
  bool sink = false;
  std::map<std::string, std::string> options;
};

enum class ObjectKind : uint8_t { kDepartment, kKeyDomain, kResource, kGrant, kSubscription, kConnector };
inline constexpr size_t kObjectKinds = 6;

class CatalogTable {
 public:
  uint64_t version() const { return version_; }

  // FailedPrecondition when change.version() is not version() + 1; InvalidArgument when it contradicts the table:
  // changes made by the frontend never do. On an error the table stays as it was.
  absl::Status Apply(const v1::CatalogChange& change);

  // nullptr when unknown or retired.
  const Department* FindDepartment(std::string_view name) const;
  const Department* FindDepartment(uint32_t id) const;
  const KeyDomain* FindKeyDomain(std::string_view name) const;
  const KeyDomain* FindKeyDomain(uint32_t id) const;
  const Resource* FindResource(std::string_view name) const;
  const Resource* FindResource(uint32_t id) const;
  const Grant* FindGrant(std::string_view name) const;
  const Grant* FindGrant(uint32_t id) const;
  const View* FindView(uint32_t id) const;
  const Subscription* FindSubscription(std::string_view name) const;
  const Subscription* FindSubscription(uint32_t id) const;
  const Connector* FindConnector(std::string_view name) const;

  // The number once given to a name, also when the object is retired since; 0 = a name never seen. Names are not given
  // twice.
  uint32_t NumberOf(ObjectKind kind, std::string_view name) const;
  // Above every number ever given to this kind.
  uint32_t NextNumber(ObjectKind kind) const { return next_number_[static_cast<size_t>(kind)]; }

  // Views of a resource with at least one active subscription, by id; and a view's active subscriptions, by id. Valid
  // until the next Apply. Both walk the table: keep the answer for as long as the version stays.
  std::vector<const View*> ViewsOf(uint32_t resource_id) const;
  std::vector<const Subscription*> SubscriptionsOf(uint32_t view_id) const;

  // Ascending by id, retired ones left out (subscriptions: inactive ones stay, marked; grants: revoked
  // ones stay, marked; views stay: their streams may hold what nobody reads any more).
  const std::map<uint32_t, Department>& departments() const { return departments_; }
  const std::map<uint32_t, KeyDomain>& key_domains() const { return key_domains_; }
  const std::map<uint32_t, Resource>& resources() const { return resources_; }
  const std::map<uint32_t, Grant>& grants() const { return grants_; }
  const std::map<uint32_t, View>& views() const { return views_; }
  const std::map<uint32_t, Subscription>& subscriptions() const { return subscriptions_; }
  const std::map<uint32_t, Connector>& connectors() const { return connectors_; }
  // Every Kafka user that a department has or had: the catalog says what they may do with the exchange's topics.
  const std::set<std::string>& kafka_users() const { return kafka_users_; }

 private:
  friend class ChangeApplication;  // change_application.h
  using NumbersByName = std::map<std::string, uint32_t, std::less<>>;

  uint64_t version_ = 0;
  std::map<uint32_t, Department> departments_;
  std::map<uint32_t, KeyDomain> key_domains_;
  std::map<uint32_t, Resource> resources_;
  std::map<uint32_t, Grant> grants_;
  std::map<uint32_t, View> views_;
  std::map<uint32_t, Subscription> subscriptions_;
  std::map<uint32_t, Connector> connectors_;
  std::set<std::string> kafka_users_;
  std::array<NumbersByName, kObjectKinds> numbers_;
  std::array<uint32_t, kObjectKinds> next_number_ = {1, 1, 1, 1, 1, 1};
  uint32_t next_view_ = 1;
};

// Which lane serves a resource's partition: the same for all resources of a key domain, so that what is known about one
// object meets in one lane.
uint32_t LaneOf(const Resource& resource, uint32_t partition, uint32_t lanes);

}  // namespace datong::catalog
