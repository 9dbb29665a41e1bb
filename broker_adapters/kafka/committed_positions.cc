// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/committed_positions.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <librdkafka/rdkafka.h>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/deadline.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "broker_adapters/kafka/offsets.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr size_t kClientsMax = 8;
constexpr char kRemark[] = "position ";

// What a new cluster or a moving coordinator says, and an offset whose transaction is being completed.
bool IsPassing(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
      return true;
    default:
      return false;
  }
}

std::optional<broker::Position> ToPosition(const rd_kafka_topic_partition_t& committed) {
  if (committed.offset < 0) return std::nullopt;
  const std::string_view remark(static_cast<const char*>(committed.metadata), committed.metadata_size);
  if (const auto said = PositionInRemark(remark)) return said;
  return PositionOf(committed.offset);
}

}  // namespace

std::string RemarkOf(broker::Position position) { return absl::StrCat(kRemark, position); }

std::optional<broker::Position> PositionInRemark(std::string_view remark) {
  uint64_t position = 0;
  absl::string_view text(remark.data(), remark.size());
  if (!absl::ConsumePrefix(&text, kRemark) || !absl::SimpleAtoi(text, &position)) return std::nullopt;
  return position;
}

absl::StatusOr<std::shared_ptr<Client>> CommittedPositions::ClientOf(const std::string& kafka_group) {
  const std::lock_guard lock(mutex_);
  if (const auto it = clients_.find(kafka_group); it != clients_.end()) return it->second;
  if (clients_.size() >= kClientsMax) clients_.erase(clients_.begin());
  // Read-committed makes the coordinator refuse an offset that a transaction is about to change.
  ASSIGN_OR_RETURN(std::shared_ptr<Client> client, Client::Make(Client::Role::kConsumer, options_, {},
                                                                {{"group.id", kafka_group},
                                                                 {"isolation.level", "read_committed"},
                                                                 {"enable.auto.commit", "false"}}));
  return clients_[kafka_group] = std::move(client);
}

absl::StatusOr<std::optional<broker::Position>> CommittedPositions::Of(const std::string& kafka_group,
                                                                       const KafkaPartition& partition) {
  const std::string doing =
      absl::StrCat("the position of group ", kafka_group, " in ", partition.topic, "/", partition.partition);
  ASSIGN_OR_RETURN(const std::shared_ptr<Client> client, ClientOf(kafka_group));
  Deadline deadline(*options_.clock, options_.transaction_timeout + options_.request_timeout);
  while (true) {
    const CHandle<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy> list(
        rd_kafka_topic_partition_list_new(1));
    const rd_kafka_topic_partition_t& committed = *rd_kafka_topic_partition_list_add(
        list.get(), partition.topic.c_str(), static_cast<int32_t>(partition.partition));
    int code = rd_kafka_committed(client->handle(), list.get(), deadline.LeftMs());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = committed.err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return ToPosition(committed);
    if (!IsPassing(code) || deadline.Passed()) return FromKafka(code, doing, client->trouble().last());
    deadline.Pause();
  }
}

}  // namespace datong::kafka
