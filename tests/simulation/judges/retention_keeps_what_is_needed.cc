// SPDX-License-Identifier: Apache-2.0
// Space comes back only from what nobody needs: not from input to be decided, not from what an active subscription has
// not acknowledged, not from what the present state points to, not from what an open
// snapshot has brought, and never from ledger, catalog, journal, receipts and what is said of snapshots.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/receipt_table.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/snapshot/snapshot_codec.h"
#include "tests/simulation/judges/judge.h"

namespace datong::simulation {
namespace {

constexpr size_t kContentsRead = 4;  // per index: the position of every content is compared, that many are read

// The world is in trouble; that says nothing about what is kept.
bool IsTheWorlds(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

class RetentionJudge {
 public:
  explicit RetentionJudge(const Evidence& evidence)
      : evidence_(evidence), broker_(evidence.exchange.broker()), catalog_(evidence.exchange.catalog()) {}

  Judgement Judge() {
    // While a lane waits for the world to mend, what it knows may be half read.
    if (!evidence_.settled && !evidence_.exchange.Trouble().ok()) return {};
    for (const auto& [place, partition] : evidence_.witness.partitions()) {
      for (const char* kept : {ledger::kLedgerTopic, node::kCatalogTopic, node::kSourcesTopic, node::kReceiptsTopic,
                               snapshot::kSnapshotsTopic}) {
        if (place.first == kept) Need({place.first, place.second}, 0, "everything in it");
      }
    }
    for (const auto& [id, resource] : catalog_->resources()) {
      for (uint32_t partition = 0; partition < resource.partitions; ++partition) JudgeInput(resource, partition);
    }
    JudgeSubscriptions();
    return std::move(judgement_);
  }

 private:
  // Everything from `from` on must be kept.
  void Need(const broker::TopicPartition& place, broker::Position from, const std::string& what) {
    const Witness::Partition* seen = evidence_.witness.Find(place.topic, place.partition);
    if (seen == nullptr) return;
    const auto first =
        std::lower_bound(seen->messages.begin(), seen->messages.end(), from,
                         [](const Witness::Message& message, broker::Position at) { return message.position < at; });
    ++judgement_.looked_at;
    if (first == seen->messages.end() || first->position >= seen->dropped_to) return;
    judgement_.Complain(absl::StrCat(place.topic, "/", place.partition, ": everything before ", seen->dropped_to,
                                     " was dropped, but position ", first->position, " is needed: ", what));
  }

  // Whoever goes on at `next` must be able to.
  void CanReadFrom(const broker::TopicPartition& place, broker::Position next, const std::string& who) {
    const Witness::Partition* seen = evidence_.witness.Find(place.topic, place.partition);
    const auto reader = broker_.OpenReader(place, next);
    const auto polled = reader.ok() ? (*reader)->Poll({1, 1}) : reader.status();
    const auto complain = [&](std::string what) {
      judgement_.Complain(
          absl::StrCat(place.topic, "/", place.partition, ": ", who, " goes on at ", next, ", but ", what));
    };
    ++judgement_.looked_at;
    if (!polled.ok()) {
      if (!IsTheWorlds(polled.status())) complain(std::string(polled.status().message()));
    } else if (polled->empty() && seen != nullptr && !seen->messages.empty() &&
               seen->messages.back().position >= next) {
      complain(absl::StrCat("nothing is there; position ", seen->messages.back().position, " was seen"));
    }
  }

  void JudgeInput(const catalog::Resource& resource, uint32_t partition) {
    const uint32_t lane = catalog::LaneOf(resource, partition, evidence_.exchange.lanes());
    const broker::TopicPartition place{resource.publish_topic(), partition};
    if (const auto naive = evidence_.naive.resources().find(resource.name);
        naive != evidence_.naive.resources().end()) {
      const auto needed = naive->second.needed_from.find(partition);
      if (needed != naive->second.needed_from.end()) Need(place, needed->second, "a snapshot is open since");
    }
    evidence_.exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
      const auto input = view.state.inputs.find({resource.id, partition});
      const broker::Position next = input == view.state.inputs.end() ? 0 : input->second.next;
      Need(place, next, absl::StrCat("lane ", lane, " has not decided it"));
      if (next != 0) CanReadFrom(place, next, absl::StrCat("lane ", lane));
      if (const auto* entities = view.entity_index(resource.id, partition)) JudgeContents(place, *entities);
    });
  }

  void JudgeContents(const broker::TopicPartition& place, const index::EntityIndex& entities) {
    const Witness::Partition* seen = evidence_.witness.Find(place.topic, place.partition);
    const broker::Position dropped_to = seen == nullptr ? 0 : seen->dropped_to;
    const size_t pause = std::max<size_t>(1, entities.size() / kContentsRead);
    size_t number = 0;
    entities.ForEach([&](const index::EntityEntry& entry) {
      const bool reads = number++ % pause == 0;
      if (entry.deleted != 0 || entry.content_position == index::kNoContent) return;
      ++judgement_.looked_at;
      if (entry.content_position < dropped_to) {
        judgement_.Complain(absl::StrCat(place.topic, "/", place.partition, ": everything before ", dropped_to,
                                         " was dropped, but the present record of key ", base::ToHex(entry.key),
                                         " stands at ", entry.content_position));
      } else if (reads) {
        ReadContent(place, entry);
      }
    });
  }

  void ReadContent(const broker::TopicPartition& place, const index::EntityEntry& entry) {
    const auto complain = [&](const std::string& what) {
      judgement_.Complain(absl::StrCat(place.topic, "/", place.partition, ": the present record of key ",
                                       base::ToHex(entry.key), " at position ", entry.content_position, ", record ",
                                       entry.content_record, ": ", what));
    };
    const auto message = broker_.ReadAt(place, entry.content_position);
    if (!message.ok()) {
      if (!IsTheWorlds(message.status())) complain(std::string(message.status().message()));
      return;
    }
    record::PackedBatch batch;
    if (const absl::Status decoded = record::DecodeColumns(message->body.bytes(), batch); !decoded.ok()) {
      return complain(std::string(decoded.message()));
    }
    if (entry.content_record >= batch.columns.size()) return complain("its batch has no such record");
    if (batch.columns.key[entry.content_record] != entry.key) complain("there stands a record of another key");
  }

  void JudgeSubscriptions() {
    node::ReceiptTable receipts;
    const Witness::Partition* topic = evidence_.witness.Find(node::kReceiptsTopic, 0);
    if (topic == nullptr) return;
    for (const Witness::Message& message : topic->messages) {
      const auto receipt = node::DecodeReceipt(message.body);
      if (receipt.ok()) {
        receipts.Apply(*receipt);
      } else {
        judgement_.Complain(
            absl::StrCat("receipts position ", message.position, ": ", std::string(receipt.status().message())));
      }
    }
    for (const auto& [id, subscription] : catalog_->subscriptions()) {
      const catalog::View* view = catalog_->FindView(subscription.view_id);
      if (subscription.active && view != nullptr) JudgeSubscription(subscription, *view, receipts.Of(id));
    }
  }

  void JudgeSubscription(const catalog::Subscription& subscription, const catalog::View& view,
                         const node::ReceiptState& receipt) {
    const std::string who = "subscription " + subscription.name;
    const std::string what = who + " has not acknowledged it";
    if (!receipt.in_stream) {
      const broker::TopicPartition again{pipeline::AgainTopic(subscription.id), 0};
      Need(again, receipt.again_next, what);
      CanReadFrom(again, receipt.again_next, who);
    }
    // Its stream begins where it stood when the subscription was made, which its first receipt says.
    const broker::TopicPartition stream{view.stream_topic(), 0};
    Need(stream, receipt.stream_next, what);
    const auto bounds = broker_.Bounds(stream);
    if (!bounds.ok()) return;
    CanReadFrom(stream, receipt.any ? receipt.stream_next : std::max(receipt.stream_next, bounds->begin), who);
  }

  const Evidence& evidence_;
  broker::Broker& broker_;
  const std::shared_ptr<const catalog::CatalogTable> catalog_;
  Judgement judgement_;
};

}  // namespace

Judgement RetentionKeepsWhatIsNeeded(const Evidence& evidence) { return RetentionJudge(evidence).Judge(); }

}  // namespace datong::simulation
