// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "broker_adapters/kafka/deadline.h"
#include "broker_adapters/kafka/kafka_client.h"

namespace datong::kafka {

struct TopicMetadata {
  uint32_t partitions = 0;
  bool all_led = false;  // every partition has a leader: it can be written and read
};

struct PartitionCopies {
  int leader = -1;            // broker; -1: none, so it can be neither written nor read
  std::vector<int> replicas;  // brokers that should have it
  std::vector<int> in_sync;   // of these, brokers that have all of it
};
struct ClusterState {
  std::vector<int> brokers;  // that are up
  std::map<std::string, std::vector<PartitionCopies>> topics;
};

// One question to the cluster each. Unavailable tells what the client's connections complained of last.
absl::StatusOr<TopicMetadata> AskForTopic(Client& client, const std::string& kafka_topic, Deadline& deadline);
// Of a topic that was there. A broker that is starting may not have heard of it yet: NotFound only when the cluster has
// said nothing else for five seconds. Unavailable when the deadline is earlier.
absl::StatusOr<TopicMetadata> AskForKnownTopic(Client& client, base::Clock& clock, const std::string& kafka_topic,
                                               Deadline& deadline);
absl::StatusOr<std::vector<std::string>> AskForTopicNames(Client& client, Deadline& deadline);  // all of the cluster
absl::StatusOr<ClusterState> AskForState(Client& client, Deadline& deadline);
absl::StatusOr<int> AskForBrokerCount(Client& client, Deadline& deadline);
// Until it answers for the first time. Unauthenticated at once when the cluster refuses us, or we refuse its
// certificate.
absl::Status AwaitCluster(Client& client, base::Clock& clock, base::TimeUs timeout);

}  // namespace datong::kafka
