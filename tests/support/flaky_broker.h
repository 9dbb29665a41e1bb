// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/broker/broker.h"

namespace datong::tests {

// An engine whose commits fail when told to, in both ways that a commit can: nothing happened, or it happened and
// nobody said so. `below` must outlive it.
class FlakyBroker final : public broker::Broker {
 public:
  enum class Fate { kWell, kDiskFull, kLostBefore, kLostAfter };

  explicit FlakyBroker(broker::Broker& below) : below_(below) {}

  // Asked at every commit.
  void SetFate(std::function<Fate()> fate) { fate_ = std::move(fate); }
  // The commit with this number, from now on, has this fate; all others go well.
  void Strike(int number, Fate fate) {
    SetFate([number, fate]() mutable { return number-- == 0 ? fate : Fate::kWell; });
  }
  int writers_opened() const { return writers_opened_; }
  // Called when a reader was opened, before anything is read.
  void SetReaderOpened(std::function<void(const broker::TopicPartition&)> opened) {
    reader_opened_ = std::move(opened);
  }

  absl::Status CreateTopics(const std::vector<broker::NamedTopic>& topics) override {
    return below_.CreateTopics(topics);
  }
  absl::StatusOr<broker::TopicOptions> DescribeTopic(const std::string& topic) override {
    return below_.DescribeTopic(topic);
  }
  std::vector<std::string> ListTopics() override { return below_.ListTopics(); }
  absl::StatusOr<std::unique_ptr<broker::Writer>> OpenWriter(const std::string& identity) override {
    ++writers_opened_;
    ASSIGN_OR_RETURN(auto writer, below_.OpenWriter(identity));
    return std::make_unique<FlakyWriter>(*this, std::move(writer));
  }
  absl::StatusOr<std::unique_ptr<broker::Reader>> OpenReader(const broker::TopicPartition& from,
                                                             broker::Position next) override {
    auto reader = below_.OpenReader(from, next);
    if (reader_opened_) reader_opened_(from);
    return reader;
  }
  absl::StatusOr<broker::Message> ReadAt(const broker::TopicPartition& from, broker::Position position) override {
    return below_.ReadAt(from, position);
  }
  absl::StatusOr<std::optional<broker::Position>> CommittedPosition(std::string_view group,
                                                                    const broker::TopicPartition& from) override {
    return below_.CommittedPosition(group, from);
  }
  absl::StatusOr<broker::PartitionBounds> Bounds(const broker::TopicPartition& of) override {
    return below_.Bounds(of);
  }
  absl::Status DropBefore(const broker::TopicPartition& of, broker::Position keep_from) override {
    return below_.DropBefore(of, keep_from);
  }
  absl::StatusOr<std::vector<broker::HealthWarning>> Health(const std::vector<broker::PlaceOfReader>& places) override {
    return below_.Health(places);
  }
  void SetCommitListener(CommitListener listener) override { below_.SetCommitListener(std::move(listener)); }

 private:
  class FlakyTransaction final : public broker::Transaction {
   public:
    FlakyTransaction(FlakyBroker& broker, std::unique_ptr<broker::Transaction> below)
        : broker_(broker), below_(std::move(below)) {}
    void Append(const broker::TopicPartition& to, std::string key, std::string envelope, broker::Body body) override {
      below_->Append(to, std::move(key), std::move(envelope), std::move(body));
    }
    void AdvancePosition(std::string_view group, const broker::TopicPartition& from, broker::Position next) override {
      below_->AdvancePosition(group, from, next);
    }
    absl::Status Commit() override {
      switch (broker_.fate_ ? broker_.fate_() : Fate::kWell) {
        case Fate::kDiskFull:
          below_->Abort();
          return absl::ResourceExhaustedError("No space left on device");
        case Fate::kLostBefore:
          below_->Abort();
          return absl::UnavailableError("the engine failed before it wrote");
        case Fate::kLostAfter:
          RETURN_IF_ERROR(below_->Commit());
          return absl::UnavailableError("the engine failed after it wrote");
        case Fate::kWell:
          break;
      }
      return below_->Commit();
    }
    void Abort() override { below_->Abort(); }

   private:
    FlakyBroker& broker_;
    std::unique_ptr<broker::Transaction> below_;
  };

  class FlakyWriter final : public broker::Writer {
   public:
    FlakyWriter(FlakyBroker& broker, std::unique_ptr<broker::Writer> below)
        : broker_(broker), below_(std::move(below)) {}
    absl::StatusOr<std::unique_ptr<broker::Transaction>> Begin() override {
      ASSIGN_OR_RETURN(auto transaction, below_->Begin());
      return std::make_unique<FlakyTransaction>(broker_, std::move(transaction));
    }

   private:
    FlakyBroker& broker_;
    std::unique_ptr<broker::Writer> below_;
  };

  broker::Broker& below_;
  std::function<void(const broker::TopicPartition&)> reader_opened_;
  std::function<Fate()> fate_;
  int writers_opened_ = 0;
};

}  // namespace datong::tests
