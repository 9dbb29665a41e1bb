// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker_adapters/kafka/log_copy.h"
#include "cli/exchange_holder.h"
#include "cli/ground.h"
#include "cli/topic_copy.h"
#include "exchange_core/admin/request.h"
#include "exchange_core/catalog/catalog_table.h"

namespace datong::cli {

// Carries an exchange from the embedded engine over to Kafka. Every message gets the position that it has, so ledger,
// receipts and index count there as they stand (broker_adapters/kafka/log_copy.h). In this order, each step durable
// before the next:
//
//   1. the directory is held; nobody else has the name in the cluster; the books balance, index and chain are sound
//   2. migration.json: where to, and a number for this move
//   3. topic "holder" in the cluster: a move with this number is under way, nobody may begin there
//   4. topics and messages; positions of groups
//   5. both sides compared, message by message; the exchange opened on Kafka: books and heads as before
//   6. migration.json takes the name engine.json: from here on the exchange is the one on Kafka
//   7. the former data gets another name; the cluster is told that processes may begin
//
// Cut off before 6, the exchange is what it was and may work on; the next run carries over what came since. Cut off
// behind it, the exchange is the one on Kafka, and whoever opens it does what is left.
class Migration {
 public:
  // One moment. `messages_total` 0: nothing that is counted. False: the person wants it to stop.
  using Look = std::function<bool(std::string_view phase, uint64_t messages, uint64_t messages_total)>;

  Migration(const Ground& ground, std::string directory, EngineSaid said, Look look)
      : ground_(ground), directory_(std::move(directory)), said_(std::move(said)), look_(std::move(look)) {}

  // Rows and summary as docs/commands.md says; errors are problems.
  absl::StatusOr<admin::Json> Run(const std::function<void(const admin::Json& row)>& row);

 private:
  // What is asked of the exchange on both sides.
  struct Answers {
    admin::Json books, heads;
  };

  absl::StatusOr<admin::Json> Complete();
  absl::Status Hold();
  absl::Status ReachCluster();
  absl::Status CheckName();
  absl::Status CheckSource();
  absl::Status Claim();
  absl::Status CarryOver(TopicCopy& copy);
  absl::Status CarryPositions();
  absl::Status CheckTarget(TopicCopy& copy);
  absl::Status TakeLastSteps();
  absl::StatusOr<Answers> Ask(node::Exchange& exchange, const std::string& where);
  absl::Status Taken(const std::string& what, const std::string& why) const;
  broker::Attributes Restore(const std::string& topic, broker::Message& message) const;
  TopicCopy::Look Counted(std::string_view phase) const;
  absl::Status Uncounted(std::string_view phase) const;

  const Ground ground_;
  const std::string directory_;
  const EngineSaid said_;
  const Look look_;

  EngineChoice target_;
  bool resumed_ = false;
  std::unique_ptr<ExchangeHolder> holder_;
  std::shared_ptr<const catalog::CatalogTable> catalog_;
  uint32_t lanes_ = 0;
  std::vector<std::string> topics_;
  Answers before_;
  std::unique_ptr<broker::Broker> cluster_;
  std::unique_ptr<kafka::LogCopy> writing_;
};

}  // namespace datong::cli
