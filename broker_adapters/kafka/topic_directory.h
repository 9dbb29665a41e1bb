// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/deadline.h"
#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/names.h"
#include "broker_adapters/kafka/topic_configuration.h"
#include "broker_adapters/kafka/topic_settings.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// The exchange's topics in the cluster: made, described, listed, found. Thread-safe.
class TopicDirectory {
 public:
  // All three outlive it.
  TopicDirectory(const KafkaOptions& options, const Names& names, Client& client)
      : options_(options), names_(names), client_(client) {}

  using Settings = std::map<std::string, std::string>;
  // As the contract says. Returns once every partition has a leader, so that it can be used at once. `instead`:
  // settings of a new topic that are, for the time being, not those that its kind has. Thousands of topics are a few
  // questions to the cluster; those that this directory has made or met are none.
  absl::Status Create(const std::vector<broker::NamedTopic>& wanted, const Settings& instead = {});
  absl::StatusOr<broker::TopicOptions> Describe(const std::string& topic);  // asks the cluster each time
  absl::StatusOr<std::vector<std::string>> List();

  // What Kafka calls the topic of an existing partition; NotFound. Asks the cluster only about what it does not know.
  absl::StatusOr<std::string> Find(const broker::TopicPartition& partition);
  // The cluster said otherwise: ask again next time.
  void ForgetAll();

 private:
  struct Known {
    std::string kafka_topic;
    uint32_t partitions = 0;
    std::optional<broker::TopicKind> kind;  // nothing: was found, and not asked for
  };

  struct Wanted {
    std::string kafka_topic;
    broker::NamedTopic topic;
  };
  using WantedTopics = std::vector<Wanted>;

  absl::StatusOr<WantedTopics> NotKnown(const std::vector<broker::NamedTopic>& wanted);
  // `met`: those that were there already, made by another process since we looked.
  absl::Status CreateInCluster(std::span<const Wanted> topics, const Replication& replication, const Settings& instead,
                               std::set<std::string>& met);
  absl::Status AwaitLeaders(std::span<const Wanted> created);
  // `cluster`: as it was before; asked again where it lacks one of them.
  absl::Status CheckExisting(std::span<const Wanted> topics, ClusterState cluster);
  absl::StatusOr<broker::TopicKind> KindOfTopic(const std::string& kafka_topic, const TopicConfiguration& configured);
  void Know(const std::string& topic, Known known);

  const KafkaOptions& options_;
  const Names& names_;
  Client& client_;

  std::mutex mutex_;
  std::map<std::string, Known> known_;  // guarded by mutex_
};

}  // namespace datong::kafka
