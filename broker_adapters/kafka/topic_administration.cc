// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/topic_administration.h"

#include <algorithm>
#include <map>
#include <set>

#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/fetch.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

int FewestReplicas(const std::vector<PartitionCopies>& partitions) {
  size_t fewest = partitions.empty() ? 0 : partitions[0].replicas.size();
  for (const PartitionCopies& one : partitions) fewest = std::min(fewest, one.replicas.size());
  return static_cast<int>(fewest);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TopicAdministration>> TopicAdministration::Open(const KafkaOptions& options) {
  ASSIGN_OR_RETURN(Names names, Names::Of(options.exchange));
  ASSIGN_OR_RETURN(auto client, MakeAppendedReader(options));
  RETURN_IF_ERROR(AwaitCluster(*client, *options.clock, options.request_timeout));
  return std::unique_ptr<TopicAdministration>(new TopicAdministration(options, std::move(names), std::move(client)));
}

absl::StatusOr<TopicPlan> TopicAdministration::Plan(const Needed& needed) {
  Deadline deadline(*options_.clock, options_.request_timeout);
  ASSIGN_OR_RETURN(const ClusterState cluster, AskForState(*client_, deadline));
  TopicPlan plan;
  plan.brokers = static_cast<int>(cluster.brokers.size());
  plan.replication = ReplicationFor(options_, plan.brokers);
  std::set<std::string> planned;
  std::vector<std::string> present;
  for (const auto& [topic, options] : needed) {
    ASSIGN_OR_RETURN(const std::string kafka_topic, names_.Topic(topic));
    plan.topics.push_back({topic, kafka_topic, options, plan.replication, std::nullopt, {}});
    planned.insert(kafka_topic);
    if (cluster.topics.count(kafka_topic) != 0) present.push_back(kafka_topic);
  }
  for (const auto& [name, partitions] : cluster.topics) {
    if (names_.OwnTopic(name).has_value() && planned.count(name) == 0) plan.unplanned.push_back(name);
  }
  ASSIGN_OR_RETURN(auto configurations, AskForConfigurations(options_, *client_, present));
  for (PlannedTopic& topic : plan.topics) {
    if (const auto it = cluster.topics.find(topic.kafka_topic); it != cluster.topics.end()) {
      topic.found = FoundTopic{static_cast<uint32_t>(it->second.size()), FewestReplicas(it->second),
                               std::move(configurations[topic.kafka_topic])};
    }
    // A topic that was made with more brokers keeps what fits its copies: one of them may only be away for the moment.
    if (topic.found.has_value()) {
      topic.replication = ReplicationFor(options_, std::max(plan.brokers, topic.found->replicas));
    }
    topic.differences = CompareTopic(topic.options, topic.replication, topic.found);
  }
  return plan;
}

absl::Status TopicAdministration::CarryOut(TopicPlan& plan) {
  std::vector<broker::NamedTopic> missing;
  for (const PlannedTopic& topic : plan.topics) {
    if (!topic.found.has_value()) missing.push_back({topic.topic, topic.options});
  }
  RETURN_IF_ERROR(topics_.Create(missing));
  for (PlannedTopic& topic : plan.topics) {
    std::map<std::string, std::string> values;
    for (TopicDifference& difference : topic.differences) {
      if (difference.remedy == TopicDifference::Remedy::kSet) values[difference.what] = difference.planned;
      difference.done = difference.done || difference.remedy == TopicDifference::Remedy::kCreate;
    }
    if (values.empty()) continue;
    RETURN_IF_ERROR(SetConfiguration(options_, *client_, topic.kafka_topic, topic.found->configuration, values));
    for (TopicDifference& difference : topic.differences) {
      difference.done = difference.done || difference.remedy == TopicDifference::Remedy::kSet;
    }
  }
  return absl::OkStatus();
}

}  // namespace datong::kafka
