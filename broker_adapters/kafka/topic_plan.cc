// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/topic_plan.h"

#include <absl/strings/str_cat.h>

namespace datong::kafka {
namespace {

using Remedy = TopicDifference::Remedy;

std::string ValueOf(const TopicConfiguration& configuration, const std::string& name) {
  const auto it = configuration.find(name);
  return it == configuration.end() ? std::string() : it->second.value;
}

TopicDifference CompareSetting(const TopicSetting& setting, const std::string& found, const Replication& replication,
                               int replicas_found) {
  TopicDifference difference{setting.name, found, setting.value, Remedy::kSet, "", false};
  // With fewer copies than that, every write would be refused from this moment on.
  if (setting.name == kMinInsyncSetting && replication.min_insync > replicas_found) {
    difference.remedy = Remedy::kByHand;
    difference.next = "raise the number of replicas first, then give this command again";
  }
  return difference;
}

}  // namespace

std::vector<TopicDifference> CompareTopic(const broker::TopicOptions& planned, const Replication& replication,
                                          const std::optional<FoundTopic>& found) {
  if (!found.has_value()) {
    return {{"topic", "missing", absl::StrCat(planned.partitions, " partitions"), Remedy::kCreate, "", false}};
  }
  const std::string kind_found = ValueOf(found->configuration, kKindSetting);
  if (KindOf(kind_found) != planned.kind) {
    return {{kKindSetting, kind_found, std::to_string(static_cast<int>(planned.kind)), Remedy::kByHand,
             "the topic was not created by Datong, or for something else: delete it, or name the exchange otherwise",
             false}};
  }
  std::vector<TopicDifference> differences;
  if (found->partitions != planned.partitions) {
    differences.push_back({"partitions", absl::StrCat(found->partitions), absl::StrCat(planned.partitions),
                           Remedy::kByHand, "somebody changed it: the order of what is in the topic depends on it",
                           false});
  }
  if (found->replicas < replication.replicas) {
    differences.push_back({"replicas", absl::StrCat(found->replicas), absl::StrCat(replication.replicas),
                           Remedy::kByHand, "kafka-reassign-partitions gives it more; the topic stays in use meanwhile",
                           false});
  }
  for (const TopicSetting& setting : TopicSettings(planned.kind, replication)) {
    const std::string value = ValueOf(found->configuration, setting.name);
    if (value != setting.value) differences.push_back(CompareSetting(setting, value, replication, found->replicas));
  }
  return differences;
}

}  // namespace datong::kafka
