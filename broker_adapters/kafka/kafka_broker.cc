// SPDX-License-Identifier: Apache-2.0
#include "broker_adapters/kafka/kafka_broker.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "broker_adapters/kafka/cluster_health.h"
#include "broker_adapters/kafka/cluster_metadata.h"
#include "broker_adapters/kafka/committed_positions.h"
#include "broker_adapters/kafka/fetch.h"
#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/kafka_reader.h"
#include "broker_adapters/kafka/kafka_transaction.h"
#include "broker_adapters/kafka/log_ends.h"
#include "broker_adapters/kafka/lost_writers.h"
#include "broker_adapters/kafka/names.h"
#include "broker_adapters/kafka/offsets.h"
#include "broker_adapters/kafka/retention.h"
#include "broker_adapters/kafka/told_of_commits.h"
#include "broker_adapters/kafka/topic_directory.h"
#include "exchange_core/base/status_macros.h"

namespace datong::kafka {
namespace {

class KafkaBroker final : public broker::Broker {
 public:
  KafkaBroker(KafkaOptions options, Names names, std::unique_ptr<Client> appended, std::unique_ptr<Client> committed)
      : options_(std::move(options)),
        names_(std::move(names)),
        appended_(std::move(appended)),
        committed_(std::move(committed)),
        topics_(options_, names_, *appended_),
        ends_(options_, *appended_, *committed_),
        fetches_(options_),
        positions_(options_),
        lost_writers_(*options_.clock),
        health_(options_, names_, *appended_, *committed_, fetches_, lost_writers_) {}

  absl::Status CreateTopics(const std::vector<broker::NamedTopic>& topics) override { return topics_.Create(topics); }
  absl::StatusOr<broker::TopicOptions> DescribeTopic(const std::string& topic) override {
    return topics_.Describe(topic);
  }
  // The contract has no word for "cannot be had": a cluster that does not answer lists nothing.
  std::vector<std::string> ListTopics() override { return topics_.List().value_or(std::vector<std::string>()); }

  absl::StatusOr<std::unique_ptr<broker::Writer>> OpenWriter(const std::string& identity) override {
    RETURN_IF_ERROR(AwaitPositions());
    auto state = std::make_shared<WriterState>();
    state->identity = identity;
    auto producer = TransactionalProducer::Open(options_, ends_, identity, names_.TransactionalId(identity));
    if (!producer.ok()) {
      lost_writers_.Lost(identity);
      return producer.status();
    }
    lost_writers_.Opened(identity);
    state->producer = *std::move(producer);
    return std::make_unique<KafkaWriter>(names_, topics_, listener_, std::move(state));
  }

  absl::StatusOr<std::unique_ptr<broker::Reader>> OpenReader(const broker::TopicPartition& from,
                                                             broker::Position next) override {
    ASSIGN_OR_RETURN(KafkaPartition place, Find(from));
    return std::make_unique<KafkaReader>(options_, ends_, fetches_, std::move(place), next);
  }
  absl::StatusOr<broker::Message> ReadAt(const broker::TopicPartition& from, broker::Position position) override {
    ASSIGN_OR_RETURN(const KafkaPartition place, Find(from));
    return ReadOne(options_, ends_, fetches_, place, position);
  }

  absl::StatusOr<std::optional<broker::Position>> CommittedPosition(std::string_view group,
                                                                    const broker::TopicPartition& from) override {
    ASSIGN_OR_RETURN(const KafkaPartition place, Find(from));
    return positions_.Of(names_.Group(group), place);
  }
  absl::StatusOr<std::vector<broker::PartitionBounds>> BoundsOf(
      const std::vector<broker::TopicPartition>& of) override {
    ASSIGN_OR_RETURN(const std::vector<KafkaPartition> places, Find(of));
    ASSIGN_OR_RETURN(const std::vector<LogRange> ranges, ends_.Decided(places));
    std::vector<broker::PartitionBounds> all;
    for (const LogRange& range : ranges) all.push_back({BeginOf(range.start), PositionOf(range.stable_end)});
    return all;
  }
  absl::StatusOr<std::vector<broker::Position>> VisibleEnds(const std::vector<broker::TopicPartition>& of) override {
    ASSIGN_OR_RETURN(const std::vector<KafkaPartition> places, Find(of));
    ASSIGN_OR_RETURN(const std::vector<int64_t> offsets, ends_.StableEnds(places));
    std::vector<broker::Position> ends;
    for (const int64_t offset : offsets) ends.push_back(PositionOf(offset));
    return ends;
  }
  absl::StatusOr<broker::PartitionBounds> Bounds(const broker::TopicPartition& of) override {
    ASSIGN_OR_RETURN(const std::vector<broker::PartitionBounds> bounds, BoundsOf({of}));
    return bounds.front();
  }

  absl::Status DropBefore(const broker::TopicPartition& of, broker::Position keep_from) override {
    ASSIGN_OR_RETURN(const KafkaPartition place, Find(of));
    return DropBelow(options_, *appended_, ends_, place, keep_from);
  }

  absl::StatusOr<std::vector<broker::HealthWarning>> Health(const std::vector<broker::PlaceOfReader>& places) override {
    return health_.Ask(places);
  }

  void SetCommitListener(CommitListener listener) override { listener_.Set(std::move(listener)); }

 private:
  // Kafka makes its topic for positions when the first group is asked about, and until that is there nobody keeps any.
  // rd_kafka_send_offsets_to_transaction() heeds no time limit while it looks for who keeps them, and was seen to wait
  // for ever in a new cluster (librdkafka 2.0.2; its issue 5456). This question ends.
  absl::Status AwaitPositions() {
    if (positions_are_kept_) return absl::OkStatus();
    ASSIGN_OR_RETURN(std::string anything, names_.Topic("catalog"));
    const absl::Status asked = positions_.Of(names_.Group("catalog"), {std::move(anything), 0}).status();
    if (!asked.ok() && !absl::IsNotFound(asked)) return asked;  // that there is no such topic is an answer, too
    positions_are_kept_ = true;
    return absl::OkStatus();
  }
  absl::StatusOr<KafkaPartition> Find(const broker::TopicPartition& partition) {
    ASSIGN_OR_RETURN(std::string kafka_topic, topics_.Find(partition));
    return KafkaPartition{std::move(kafka_topic), partition.partition};
  }
  absl::StatusOr<std::vector<KafkaPartition>> Find(const std::vector<broker::TopicPartition>& of) {
    std::vector<KafkaPartition> places;
    for (const broker::TopicPartition& one : of) {
      ASSIGN_OR_RETURN(KafkaPartition place, Find(one));
      places.push_back(std::move(place));
    }
    return places;
  }

  const KafkaOptions options_;
  const Names names_;
  const std::unique_ptr<Client> appended_;
  const std::unique_ptr<Client> committed_;
  TopicDirectory topics_;
  LogEnds ends_;
  FetchPool fetches_;
  CommittedPositions positions_;
  std::atomic<bool> positions_are_kept_ = false;
  LostWriters lost_writers_;
  ClusterHealth health_;
  ToldOfCommits listener_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<broker::Broker>> OpenKafkaBroker(const KafkaOptions& options) {
  if (options.bootstrap_servers.empty()) {
    return absl::InvalidArgumentError("Kafka: no bootstrap server; name at least one as host:port");
  }
  ASSIGN_OR_RETURN(Names names, Names::Of(options.exchange));
  ASSIGN_OR_RETURN(auto appended, MakeAppendedReader(options));
  ASSIGN_OR_RETURN(auto committed, MakeCommittedReader(options));
  RETURN_IF_ERROR(AwaitCluster(*appended, *options.clock, options.request_timeout));
  return std::make_unique<KafkaBroker>(options, std::move(names), std::move(appended), std::move(committed));
}

}  // namespace datong::kafka
