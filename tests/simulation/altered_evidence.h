// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/node/exchange.h"

// A sound exchange seen through a glass that shows something wrong: what judges must complain of.
namespace datong::simulation {

// Reads of `real`, changed on the way. Writing through it is not possible.
class AlteredBroker final : public broker::Broker {
 public:
  // May change the message; false: it is not there.
  using Alter = std::function<bool(const broker::TopicPartition& place, broker::Message& message)>;

  explicit AlteredBroker(broker::Broker& real) : real_(real) {}
  Alter alter = [](const broker::TopicPartition&, broker::Message&) { return true; };
  std::string dropped_topic;  // all of it was dropped

  absl::Status CreateTopics(const std::vector<broker::NamedTopic>&) override { return ReadOnly(); }
  absl::StatusOr<broker::TopicOptions> DescribeTopic(const std::string& topic) override {
    return real_.DescribeTopic(topic);
  }
  std::vector<std::string> ListTopics() override { return real_.ListTopics(); }
  absl::StatusOr<std::unique_ptr<broker::Writer>> OpenWriter(const std::string&) override { return ReadOnly(); }
  absl::StatusOr<std::unique_ptr<broker::Reader>> OpenReader(const broker::TopicPartition& from,
                                                             broker::Position next) override {
    auto reader = real_.OpenReader(from, next);
    if (!reader.ok()) return reader.status();
    return std::make_unique<Reader>(*this, from, *std::move(reader));
  }
  absl::StatusOr<broker::Message> ReadAt(const broker::TopicPartition& from, broker::Position position) override {
    auto message = real_.ReadAt(from, position);
    if (message.ok() && (from.topic == dropped_topic || !alter(from, *message))) {
      return absl::NotFoundError("no message here");
    }
    return message;
  }
  absl::StatusOr<std::optional<broker::Position>> CommittedPosition(std::string_view group,
                                                                    const broker::TopicPartition& from) override {
    return real_.CommittedPosition(group, from);
  }
  absl::StatusOr<broker::PartitionBounds> Bounds(const broker::TopicPartition& of) override {
    auto bounds = real_.Bounds(of);
    if (bounds.ok() && of.topic == dropped_topic) bounds->begin = bounds->end;
    return bounds;
  }
  absl::Status DropBefore(const broker::TopicPartition&, broker::Position) override { return ReadOnly(); }
  absl::StatusOr<std::vector<broker::HealthWarning>> Health(const std::vector<broker::PlaceOfReader>& places) override {
    return real_.Health(places);
  }
  void SetCommitListener(CommitListener) override {}

 private:
  class Reader final : public broker::Reader {
   public:
    Reader(AlteredBroker& broker, broker::TopicPartition from, std::unique_ptr<broker::Reader> real)
        : broker_(broker), from_(std::move(from)), real_(std::move(real)) {}
    absl::StatusOr<std::vector<broker::Message>> Poll(const broker::ReadLimits& limits) override {
      if (from_.topic == broker_.dropped_topic) return absl::OutOfRangeError("dropped");
      while (true) {
        auto messages = real_->Poll(limits);
        if (!messages.ok() || messages->empty()) return messages;
        std::erase_if(*messages, [this](broker::Message& message) { return !broker_.alter(from_, message); });
        if (!messages->empty()) return messages;
      }
    }
    void Seek(broker::Position next) override { real_->Seek(next); }
    broker::Position next() const override { return real_->next(); }

   private:
    AlteredBroker& broker_;
    const broker::TopicPartition from_;
    const std::unique_ptr<broker::Reader> real_;
  };

  static absl::Status ReadOnly() { return absl::PermissionDeniedError("for looking only"); }
  broker::Broker& real_;
};

// Answers of `real`, unless something else is set.
class AlteredExchange final : public node::Exchange {
 public:
  AlteredExchange(node::Exchange& real, broker::Broker& broker) : real_(real), broker_(broker) {}
  std::function<void(node::Books&)> alter_books = [](node::Books&) {};
  std::function<void(std::vector<node::RunBooks>&)> alter_runs = [](std::vector<node::RunBooks>&) {};
  std::function<void(pipeline::LaneState&)> alter_state = [](pipeline::LaneState&) {};
  absl::Status verified;

  absl::Status TakeLead() override { return real_.TakeLead(); }
  absl::Status FollowOthers() override { return absl::OkStatus(); }
  void Start() override {}
  void LookAgain() override {}
  absl::Status Stop() override { return absl::OkStatus(); }
  absl::Status Health() override { return real_.Health(); }
  absl::Status Trouble() override { return real_.Trouble(); }
  client::ExchangeClient& client() override { return real_.client(); }
  broker::Broker& broker() override { return broker_; }
  std::shared_ptr<const catalog::CatalogTable> catalog() override { return real_.catalog(); }
  absl::StatusOr<catalog::PlannedChange> ApplyCatalog(std::string_view yaml, const std::string& applied_by,
                                                      bool dry_run) override {
    return real_.ApplyCatalog(yaml, applied_by, dry_run);
  }
  node::Books books() override {
    node::Books books = real_.books();
    alter_books(books);
    return books;
  }
  std::vector<node::RunBooks> runs() override {
    std::vector<node::RunBooks> runs = real_.runs();
    alter_runs(runs);
    return runs;
  }
  std::vector<node::SnapshotBooks> snapshots() override { return real_.snapshots(); }
  std::vector<node::RequestBooks> requests() override { return real_.requests(); }
  absl::Status ConfirmSnapshot(uint64_t snapshot, const std::string& by, const std::string& why) override {
    return real_.ConfirmSnapshot(snapshot, by, why);
  }
  absl::Status RejectSnapshot(uint64_t snapshot, const std::string& by, const std::string& why) override {
    return real_.RejectSnapshot(snapshot, by, why);
  }
  absl::StatusOr<std::vector<node::SubscriptionLag>> lag() override { return real_.lag(); }
  absl::StatusOr<std::vector<broker::HealthWarning>> EngineHealth() override { return real_.EngineHealth(); }
  bool caught_up() override { return real_.caught_up(); }
  uint32_t lanes() const override { return real_.lanes(); }
  std::vector<uint32_t> working_lanes() override { return real_.working_lanes(); }
  void InspectLane(uint32_t lane, const std::function<void(const pipeline::LaneView&)>& look) override {
    real_.InspectLane(lane, [&](const pipeline::LaneView& view) {
      pipeline::LaneState state = view.state;
      alter_state(state);
      look({state, view.entity_index, view.event_index, view.snapshots, view.works});
    });
  }
  absl::Status VerifyIndexAgainstLedger() override {
    const absl::Status status = real_.VerifyIndexAgainstLedger();
    return status.ok() ? verified : status;
  }

 private:
  node::Exchange& real_;
  broker::Broker& broker_;
};

}  // namespace datong::simulation
