// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/cluster_metadata.h"

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "broker_adapters/kafka/c_handle.h"
#include "broker_adapters/kafka/kafka_errors.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

constexpr base::TimeUs kFirstTurn = 500'000;
constexpr base::TimeUs kGoneAfterUs = 5'000'000;

using Topic = CHandle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using Metadata = CHandle<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>;

// `only`: of this topic; nullptr: of the whole cluster.
absl::StatusOr<Metadata> Ask(Client& client, rd_kafka_topic_t* only, Deadline& deadline) {
  const rd_kafka_metadata_t* answer = nullptr;
  const auto code = rd_kafka_metadata(client.handle(), only == nullptr ? 1 : 0, only, &answer, deadline.LeftMs());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return FromKafka(code, "asking the Kafka cluster", client.trouble().last());
  return Metadata(answer);
}

}  // namespace

absl::StatusOr<TopicMetadata> AskForTopic(Client& client, const std::string& kafka_topic, Deadline& deadline) {
  const Topic topic(rd_kafka_topic_new(client.handle(), kafka_topic.c_str(), nullptr));
  if (topic == nullptr) return FromKafka(rd_kafka_last_error(), absl::StrCat("topic ", kafka_topic));
  ASSIGN_OR_RETURN(const Metadata metadata, Ask(client, topic.get(), deadline));
  if (metadata->topic_cnt != 1) return absl::NotFoundError(absl::StrCat("topic ", kafka_topic, " does not exist"));
  const rd_kafka_metadata_topic& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
    return absl::NotFoundError(absl::StrCat("topic ", kafka_topic, " does not exist"));
  }
  RETURN_IF_ERROR(FromKafka(found.err, absl::StrCat("topic ", kafka_topic)));
  TopicMetadata said{static_cast<uint32_t>(found.partition_cnt), true};
  for (int i = 0; i < found.partition_cnt; ++i) said.all_led = said.all_led && found.partitions[i].leader >= 0;
  return said;
}

absl::StatusOr<TopicMetadata> AskForKnownTopic(Client& client, base::Clock& clock, const std::string& kafka_topic,
                                               Deadline& deadline) {
  Deadline gone(clock, kGoneAfterUs);
  while (true) {
    auto said = AskForTopic(client, kafka_topic, deadline);
    if (!absl::IsNotFound(said.status()) || gone.Passed()) return said;
    if (deadline.Passed()) return absl::UnavailableError(said.status().message());
    gone.Pause();
  }
}

absl::StatusOr<std::vector<std::string>> AskForTopicNames(Client& client, Deadline& deadline) {
  ASSIGN_OR_RETURN(const Metadata metadata, Ask(client, nullptr, deadline));
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) names.emplace_back(metadata->topics[i].topic);
  return names;
}

absl::StatusOr<ClusterState> AskForState(Client& client, Deadline& deadline) {
  ASSIGN_OR_RETURN(const Metadata metadata, Ask(client, nullptr, deadline));
  ClusterState state;
  for (int i = 0; i < metadata->broker_cnt; ++i) state.brokers.push_back(metadata->brokers[i].id);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& topic = metadata->topics[i];
    std::vector<PartitionCopies>& partitions = state.topics[topic.topic];
    for (int j = 0; j < topic.partition_cnt; ++j) {
      const rd_kafka_metadata_partition& one = topic.partitions[j];
      partitions.push_back(
          {one.leader, {one.replicas, one.replicas + one.replica_cnt}, {one.isrs, one.isrs + one.isr_cnt}});
    }
  }
  return state;
}

absl::Status AwaitCluster(Client& client, base::Clock& clock, base::TimeUs timeout) {
  Deadline deadline(clock, timeout);
  absl::Status status;
  // The library goes on trying when it is refused; in turns that grow, somebody can look why it has no answer yet.
  for (base::TimeUs turn = kFirstTurn; !deadline.Passed(); turn *= 2) {
    Deadline turn_end(clock, std::min<base::TimeUs>(turn, base::TimeUs{deadline.LeftMs()} * 1000));
    status = AskForBrokerCount(client, turn_end).status();
    if (status.ok()) return status;
    if (const int code = client.trouble().last_code(); IsRefused(code)) {
      return FromKafka(code, "opening the Kafka cluster", client.trouble().last());
    }
  }
  return status;
}

absl::StatusOr<int> AskForBrokerCount(Client& client, Deadline& deadline) {
  ASSIGN_OR_RETURN(const Metadata metadata, Ask(client, nullptr, deadline));
  return metadata->broker_cnt;
}

}  // namespace datong::kafka
