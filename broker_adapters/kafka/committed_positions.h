// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/log_ends.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// A group's position in the cluster is the offset it reads next, as Kafka's own tools have it: behind the mark of the
// last transaction it has read, so that they say "no lag" where there is none. What the exchange said, which may be the
// place of that mark, or the position before every message, is kept beside the offset in a remark: "position 17".
std::string RemarkOf(broker::Position position);
// Nothing when the offset says it all.
std::optional<broker::Position> PositionInRemark(std::string_view remark);

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
