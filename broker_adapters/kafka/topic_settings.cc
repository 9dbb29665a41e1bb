// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/topic_settings.h"

#include <algorithm>

#include "broker_adapters/kafka/kafka_broker.h"
#include "broker_adapters/kafka/message_limits.h"

namespace datong::kafka {
namespace {

constexpr int kReplicasWanted = 3;

std::string WhyMinInsync(const Replication& replication) {
  if (replication.min_insync >= replication.replicas && replication.replicas > 1) {
    return "every copy must have a message before it counts as committed: no broker may be away";
  }
  if (replication.min_insync > 1) return "a committed message is on so many disks, and the other brokers may be away";
  return "too few copies to ask for more: with two, the loss of one broker would stop everything";
}

}  // namespace

Replication ReplicationFor(const KafkaOptions& options, int brokers) {
  Replication replication;
  replication.replicas =
      options.replication_factor != 0 ? options.replication_factor : std::clamp(brokers, 1, kReplicasWanted);
  replication.min_insync = options.min_insync_replicas != 0          ? options.min_insync_replicas
                           : replication.replicas >= kReplicasWanted ? 2
                                                                     : 1;
  return replication;
}

std::vector<TopicSetting> TopicSettings(broker::TopicKind kind, const Replication& replication) {
  constexpr char kNothingAges[] = "messages go when the exchange says that nobody needs them, never by themselves";
  const bool control = kind == broker::TopicKind::kControl;
  return {
      {"cleanup.policy", "delete", "a later message with the same key takes no earlier one's place"},
      {"retention.ms", "-1", kNothingAges},
      {"retention.bytes", "-1", kNothingAges},
      {kTimeSetting, kTimeOfBroker, "a message's time is the broker's, not what its producer claims"},
      {"max.message.bytes", std::to_string(kRecordBytesMax), "the largest batch, with all that stands around it"},
      {kMinInsyncSetting, std::to_string(replication.min_insync), WhyMinInsync(replication)},
      {"unclean.leader.election.enable", "false", "a copy that lacks committed messages never leads"},
      {"segment.bytes", std::to_string(control ? 64 << 20 : 256 << 20),
       control ? "space comes back by whole segments, and little is written here"
               : "space comes back by whole segments"},
      {kKindSetting, std::to_string(static_cast<int>(kind)),
       "marks the topic as ours and says its kind (1 records, 2 ledger, 3 control); no effect besides"},
  };
}

std::optional<broker::TopicKind> KindOf(std::string_view kind_setting) {
  if (kind_setting.size() != 1 || kind_setting[0] < '1' || kind_setting[0] > '3') return std::nullopt;
  return static_cast<broker::TopicKind>(kind_setting[0] - '0');
}

}  // namespace datong::kafka
