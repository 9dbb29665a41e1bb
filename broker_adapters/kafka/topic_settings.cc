// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/topic_settings.h"

#include <algorithm>

#include "broker_adapters/kafka/message_limits.h"

namespace datong::kafka {

int ReplicasFor(int brokers) { return std::clamp(brokers, 1, 3); }

std::vector<std::pair<std::string, std::string>> TopicSettings(broker::TopicKind kind, int replicas) {
  return {
      // Messages go when the exchange says so (DropBefore), never by age, size or a later message with the same key.
      {"cleanup.policy", "delete"},
      {"retention.ms", "-1"},
      {"retention.bytes", "-1"},
      // A message's time is the broker's, not what its producer claims.
      {"message.timestamp.type", "LogAppendTime"},
      {"max.message.bytes", std::to_string(kRecordBytesMax)},
      // A committed message is on two disks where there are three, and one broker may be away.
      {"min.insync.replicas", replicas >= 3 ? "2" : "1"},
      {"unclean.leader.election.enable", "false"},
      // Space comes back by whole segments.
      {"segment.bytes", std::to_string(kind == broker::TopicKind::kControl ? 64 << 20 : 256 << 20)},
      {kKindSetting, std::to_string(static_cast<int>(kind))},
  };
}

std::optional<broker::TopicKind> KindOf(std::string_view kind_setting) {
  if (kind_setting.size() != 1 || kind_setting[0] < '1' || kind_setting[0] > '3') return std::nullopt;
  return static_cast<broker::TopicKind>(kind_setting[0] - '0');
}

}  // namespace datong::kafka
