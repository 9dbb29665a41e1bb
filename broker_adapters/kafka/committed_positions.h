// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/log_ends.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// A group's position is the offset it reads next, as Kafka's own tools have it. Position 0 shares its offset with
// position 1; this remark, kept beside the offset, tells them apart.
inline constexpr char kRemarkOfBeginning[] = "before the first message";

// Asks what groups read next. Thread-safe.
//
// It has a client per group, for the few groups asked for last. The admin interface would need one client for all, but
// in librdkafka 2.0.2 its ListConsumerGroupOffsets crashes the process when the coordinator answers with an error, as
// it does in a new cluster.
class CommittedPositions {
 public:
  explicit CommittedPositions(const KafkaOptions& options) : options_(options) {}  // outlives it

  // What `kafka_group` reads next of a partition; nothing when it never said. While a transaction that changes it is
  // being completed, waits: an answer from before a commit that has returned would be wrong.
  absl::StatusOr<std::optional<broker::Position>> Of(const std::string& kafka_group, const KafkaPartition& partition);

 private:
  absl::StatusOr<std::shared_ptr<Client>> ClientOf(const std::string& kafka_group);

  const KafkaOptions& options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Client>> clients_;  // guarded by mutex_
};

}  // namespace datong::kafka
