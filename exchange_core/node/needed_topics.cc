// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/needed_topics.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::node {
namespace {

using broker::TopicKind;

std::string SubscribersOf(const catalog::CatalogTable& catalog, uint32_t view_id) {
  std::vector<std::string> names;
  for (const catalog::Subscription* one : catalog.SubscriptionsOf(view_id)) names.push_back(one->name);
  return names.empty() ? "nobody any longer" : absl::StrJoin(names, ", ");
}

}  // namespace

std::vector<NeededTopic> OwnTopics(uint32_t lanes) {
  return {
      {ledger::kLedgerTopic, {TopicKind::kLedger, lanes}, "what every lane decided; a partition per lane"},
      {kCatalogTopic, {TopicKind::kControl, 1}, "changes of the catalog"},
      {kSourcesTopic, {TopicKind::kControl, 1}, "what each source has read and how far it came"},
      {kReceiptsTopic, {TopicKind::kControl, 1}, "what each subscription has taken"},
      {snapshot::kSnapshotsTopic, {TopicKind::kControl, 1}, "what was decided about full dumps"},
  };
}

std::vector<NeededTopic> TopicsOfMembership() {
  return {
      {kHolderTopic, {TopicKind::kControl, 1}, "which process leads, and which works on which lane"},
      {kMembersTopic, {TopicKind::kControl, kMembersMax}, "which processes share the exchange; a partition each"},
  };
}

absl::Status CreateTopics(broker::Broker& broker, const std::vector<NeededTopic>& needed) {
  std::vector<broker::NamedTopic> topics;
  for (const NeededTopic& one : needed) topics.push_back({one.topic, one.options});
  return broker.CreateTopics(topics);
}

std::vector<NeededTopic> TopicsOf(const catalog::CatalogTable& catalog) {
  std::vector<NeededTopic> needed;
  for (const auto& [id, resource] : catalog.resources()) {
    needed.push_back({resource.publish_topic(),
                      {TopicKind::kRecords, resource.partitions},
                      absl::StrCat("what is published into ", resource.name)});
  }
  for (const auto& [id, department] : catalog.departments()) {
    needed.push_back({pipeline::QuarantineTopic(id),
                      {TopicKind::kRecords, 1},
                      absl::StrCat("rows held back, for department ", department.name)});
    // Also once it has no user any longer: what its connectors ask then is refused with a reason.
    if (!department.writes_itself) continue;
    needed.push_back({RequestsTopic(id),
                      {TopicKind::kRecords, 1},
                      absl::StrCat("what connectors at department ", department.name, " ask of whoever leads")});
    needed.push_back({AnswersTopic(id),
                      {TopicKind::kRecords, 1},
                      absl::StrCat("what connectors at department ", department.name, " are told")});
  }
  for (const auto& [id, view] : catalog.views()) {
    const catalog::Resource* resource = catalog.FindResource(view.resource_id);
    needed.push_back({view.stream_topic(),
                      {TopicKind::kRecords, 1},
                      absl::StrCat("deliveries of ", resource == nullptr ? "a retired resource" : resource->name,
                                   " to ", SubscribersOf(catalog, id))});
  }
  for (const auto& [id, subscription] : catalog.subscriptions()) {
    needed.push_back({pipeline::AgainTopic(id),
                      {TopicKind::kRecords, 1},
                      absl::StrCat("what subscription ", subscription.name, " is sent when it begins")});
  }
  return needed;
}

absl::Status LedgerWasNotDeleted(broker::Broker& broker) {
  if (!absl::IsNotFound(broker.DescribeTopic(ledger::kLedgerTopic).status())) return absl::OkStatus();
  if (!broker.DescribeTopic(kCatalogTopic).ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("topic ", ledger::kLedgerTopic, " of this exchange was deleted: what was ",
                                          "decided is not known any longer; restore it from a backup"));
}

}  // namespace datong::node
