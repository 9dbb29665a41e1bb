// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/fetch.h"
#include "broker_adapters/kafka/lost_writers.h"
#include "broker_adapters/kafka/names.h"
#include "broker_adapters/kafka/topic_configuration.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// What the cluster says of the exchange's topics, and of those in which Kafka itself keeps transactions and positions,
// that an operator should know before it hurts. Pure.
std::vector<broker::HealthWarning> JudgeCopies(const ClusterState& cluster, const Names& names,
                                               const std::map<std::string, TopicConfiguration>& configurations);
// Settings under which messages go by themselves, and fewer copies than planned. Pure.
std::vector<broker::HealthWarning> JudgeSettings(const KafkaOptions& options, const ClusterState& cluster,
                                                 const std::map<std::string, TopicConfiguration>& configurations);
// True when messages of such a topic go although nobody said that they may.
bool AgesAway(const TopicConfiguration& configuration);

// Thread-safe.
class ClusterHealth {
 public:
  // All outlive it. `appended` reads uncommitted, `committed` reads committed.
  ClusterHealth(const KafkaOptions& options, const Names& names, Client& appended, Client& committed,
                FetchPool& fetches, LostWriters& lost_writers)
      : options_(options),
        names_(names),
        appended_(appended),
        committed_(committed),
        fetches_(fetches),
        lost_writers_(lost_writers) {}

  // As broker::Broker::Health says.
  absl::StatusOr<std::vector<broker::HealthWarning>> Ask(const std::vector<broker::PlaceOfReader>& places);

 private:
  using Warnings = std::vector<broker::HealthWarning>;
  using Configurations = std::map<std::string, TopicConfiguration>;

  absl::Status WarnOfAging(const std::vector<broker::PlaceOfReader>& places, const Configurations& configurations,
                           Warnings& warnings);
  absl::Status WarnOfOpenTransactions(const ClusterState& cluster, Warnings& warnings);
  void WarnOfLostWriters(Warnings& warnings);
  absl::StatusOr<base::TimeUs> TimeOfMessage(const KafkaPartition& of, int64_t offset);  // of the first behind; or 0

  const KafkaOptions& options_;
  const Names& names_;
  Client& appended_;
  Client& committed_;
  FetchPool& fetches_;
  LostWriters& lost_writers_;
};

}  // namespace datong::kafka
