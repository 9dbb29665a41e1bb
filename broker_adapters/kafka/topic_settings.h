// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/broker/broker.h"

namespace datong::kafka {

struct KafkaOptions;

// Copies of each partition, and how many of them must have a message before it counts as committed.
struct Replication {
  int replicas = 1;
  int min_insync = 1;
  friend bool operator==(const Replication&, const Replication&) = default;
};
// What the options say; what they leave open: three copies, or one per broker where there are fewer; and of three, two
// that have it, so that one broker may be away and a committed message is still on two disks.
Replication ReplicationFor(const KafkaOptions& options, int brokers);

struct TopicSetting {
  std::string name, value;
  std::string why;  // for people
};
// The configuration that a topic of this kind is created with.
std::vector<TopicSetting> TopicSettings(broker::TopicKind kind, const Replication& replication);

// Kafka keeps no remarks about a topic, and refuses settings it does not know. So the kind is written where it has no
// effect: min.compaction.lag.ms is looked at for compacted topics only, and ours never are. In the topic's settings it
// is set and read in one step with the topic itself, unlike a list kept elsewhere, and leaves the name alone, unlike a
// prefix of the name.
inline constexpr char kKindSetting[] = "min.compaction.lag.ms";
inline constexpr char kMinInsyncSetting[] = "min.insync.replicas";
inline constexpr char kTimeSetting[] = "message.timestamp.type";
inline constexpr char kTimeOfBroker[] = "LogAppendTime";
inline constexpr char kTimeOfProducer[] = "CreateTime";  // while messages are carried over with the times they had
// Nothing when the value marks no kind: the topic is not one of ours.
std::optional<broker::TopicKind> KindOf(std::string_view kind_setting);

}  // namespace datong::kafka
