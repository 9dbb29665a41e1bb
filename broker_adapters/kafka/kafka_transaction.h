// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker_adapters/kafka/names.h"
#include "broker_adapters/kafka/told_of_commits.h"
#include "broker_adapters/kafka/topic_directory.h"
#include "broker_adapters/kafka/transactional_producer.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// What a writer and its transactions share.
struct WriterState {
  std::string identity;
  std::unique_ptr<TransactionalProducer> producer;
  bool transaction_open = false;
};

// Gathers in memory; the Kafka transaction lasts from the beginning of Commit() to its end. So an abort has nothing to
// undo, a refused request costs nothing, and a lane that thinks for long holds up no reader.
class KafkaTransaction final : public broker::Transaction {
 public:
  KafkaTransaction(const Names& names, TopicDirectory& topics, ToldOfCommits& listener,
                   std::shared_ptr<WriterState> writer);
  ~KafkaTransaction() override { Abort(); }

  void Append(const broker::TopicPartition& to, std::string key, std::string envelope, broker::Body body) override {
    AppendReadable(to, std::move(key), std::move(envelope), std::move(body), {});
  }
  void AppendReadable(const broker::TopicPartition& to, std::string key, std::string envelope, broker::Body body,
                      broker::Attributes attributes) override;
  void AdvancePosition(std::string_view group, const broker::TopicPartition& from, broker::Position next) override;
  absl::Status Commit() override;
  void Abort() override;

 private:
  bool Resolve(const broker::TopicPartition& name, KafkaPartition& place);
  void Refuse(absl::Status why);

  const Names& names_;
  TopicDirectory& topics_;
  ToldOfCommits& listener_;
  const std::shared_ptr<WriterState> writer_;
  CommitRequest request_;
  std::vector<std::string> topics_written_;  // each once
  absl::Status refused_;                     // the first thing that was wrong with what was asked
  bool open_ = true;
};

class KafkaWriter final : public broker::Writer {
 public:
  KafkaWriter(const Names& names, TopicDirectory& topics, ToldOfCommits& listener, std::shared_ptr<WriterState> state)
      : names_(names), topics_(topics), listener_(listener), state_(std::move(state)) {}

  absl::StatusOr<std::unique_ptr<broker::Transaction>> Begin() override;

 private:
  const Names& names_;
  TopicDirectory& topics_;
  ToldOfCommits& listener_;
  const std::shared_ptr<WriterState> state_;
};

}  // namespace datong::kafka
