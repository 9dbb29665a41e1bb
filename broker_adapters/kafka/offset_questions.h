// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "broker_adapters/kafka/log_ends.h"

namespace datong::kafka {

inline constexpr int64_t kLatest = -1;    // one past the last offset
inline constexpr int64_t kEarliest = -2;  // the first offset that is kept

// Of each partition the first offset whose time (milliseconds since 1970) is not before `time`, -1 when there is none;
// or its end or beginning. As this client's isolation sees them; one request per broker, whatever the number of
// partitions.
absl::StatusOr<std::vector<int64_t>> OffsetsAt(const KafkaOptions& options, Client& client,
                                               const std::vector<KafkaPartition>& of, int64_t time);

}  // namespace datong::kafka
