// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker_adapters/kafka/topic_configuration.h"
#include "broker_adapters/kafka/topic_settings.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// A topic as it stands in the cluster.
struct FoundTopic {
  uint32_t partitions = 0;
  int replicas = 0;  // of the partition that has fewest
  TopicConfiguration configuration;
};

// One thing that is not as it should be, and what may be done about it from here.
struct TopicDifference {
  enum class Remedy {
    kCreate,  // the topic is missing
    kSet,     // a setting, which may be changed while the topic is in use
    kByHand,  // nothing that this program may or can do; `next` says what
  };
  std::string what;  // "topic", "partitions", "replicas", or the setting's name
  std::string found, planned;
  Remedy remedy = Remedy::kByHand;
  std::string next;   // kByHand
  bool done = false;  // the remedy was carried out
};

// What differs. Pure. `found`: nothing when the topic is missing. A topic that is not ours gets one difference and no
// remedy: nothing of it may be touched.
std::vector<TopicDifference> CompareTopic(const broker::TopicOptions& planned, const Replication& replication,
                                          const std::optional<FoundTopic>& found);

}  // namespace datong::kafka
