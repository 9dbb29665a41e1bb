// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// The configuration a topic of this kind is created with, in a cluster of so many brokers.
std::vector<std::pair<std::string, std::string>> TopicSettings(broker::TopicKind kind, int replicas);
// Copies of each partition: three where there are three brokers.
int ReplicasFor(int brokers);

// Kafka keeps no remarks about a topic, and refuses settings it does not know. So the kind is written where it has no
// effect: min.compaction.lag.ms is looked at for compacted topics only, and ours never are. In the topic's settings it
// is set and read in one step with the topic itself, unlike a list kept elsewhere, and leaves the name alone, unlike a
// prefix of the name.
inline constexpr char kKindSetting[] = "min.compaction.lag.ms";
// Nothing when the value marks no kind: the topic is not one of ours.
std::optional<broker::TopicKind> KindOf(std::string_view kind_setting);

}  // namespace datong::kafka
