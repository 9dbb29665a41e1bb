// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker_adapters/kafka/kafka_broker.h"
#include "broker_adapters/kafka/names.h"
#include "broker_adapters/kafka/topic_directory.h"
#include "broker_adapters/kafka/topic_plan.h"

namespace datong::kafka {

struct PlannedTopic {
  std::string topic;        // the exchange's name of it
  std::string kafka_topic;  // the cluster's
  broker::TopicOptions options;
  Replication replication;  // planned
  std::optional<FoundTopic> found;
  std::vector<TopicDifference> differences;
};

struct TopicPlan {
  int brokers = 0;                     // that are up
  Replication replication;             // of a topic that is made now
  std::vector<PlannedTopic> topics;    // in the order they were asked for
  std::vector<std::string> unplanned;  // Kafka's names: of this exchange, and nobody asked for them
};

// Holds the topics of an exchange against what they should be. Used by one thread; needs no hold on the exchange: it
// reads no message and writes none.
class TopicAdministration {
 public:
  // As OpenKafkaBroker.
  static absl::StatusOr<std::unique_ptr<TopicAdministration>> Open(const KafkaOptions& options);

  using Needed = std::vector<std::pair<std::string, broker::TopicOptions>>;
  absl::StatusOr<TopicPlan> Plan(const Needed& needed);  // changes nothing
  // Creates what is missing, sets what may be set, and marks it done in the plan. Never deletes anything. Stops at the
  // first thing that the cluster refuses.
  absl::Status CarryOut(TopicPlan& plan);

 private:
  TopicAdministration(const KafkaOptions& options, Names names, std::unique_ptr<Client> client)
      : options_(options), names_(std::move(names)), client_(std::move(client)), topics_(options_, names_, *client_) {}

  const KafkaOptions options_;
  const Names names_;
  const std::unique_ptr<Client> client_;
  TopicDirectory topics_;
};

}  // namespace datong::kafka
