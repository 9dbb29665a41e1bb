// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker_adapters/embedded/commit_queue.h"
#include "broker_adapters/embedded/embedded_engine.h"
#include "exchange_core/broker/broker.h"

namespace datong::embedded {

// Gathers in memory; nothing reaches a file before Commit(), so an abort has nothing to undo.
class EmbeddedTransaction final : public broker::Transaction {
 public:
  EmbeddedTransaction(EmbeddedEngine& engine, std::shared_ptr<WriterState> writer);
  ~EmbeddedTransaction() override { Abort(); }

  void Append(const broker::TopicPartition& to, std::string key, std::string envelope, broker::Body body) override;
  void AdvancePosition(std::string_view group, const broker::TopicPartition& from, broker::Position next) override;
  absl::Status Commit() override;
  void Abort() override;

 private:
  TopicState* Resolve(const broker::TopicPartition& name);
  void Refuse(absl::Status why);

  EmbeddedEngine& engine_;
  const std::shared_ptr<WriterState> writer_;
  CommitRequest request_;
  absl::Status refused_;  // the first thing that was wrong with what was asked
  bool open_ = true;
  broker::TopicPartition last_name_;  // messages come in runs to one topic
  TopicState* last_topic_ = nullptr;
};

class EmbeddedWriter final : public broker::Writer {
 public:
  EmbeddedWriter(EmbeddedEngine& engine, std::shared_ptr<WriterState> state)
      : engine_(engine), state_(std::move(state)) {}
  absl::StatusOr<std::unique_ptr<broker::Transaction>> Begin() override;

 private:
  EmbeddedEngine& engine_;
  const std::shared_ptr<WriterState> state_;
};

absl::Status FencedError(const WriterState& writer);

}  // namespace datong::embedded
