// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/accounts.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/delivery_session.h"
#include "exchange_core/pipeline/batch_decider.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::node {
namespace {

// The lanes' books at one moment each, between two looks at what the sources published: while data flows, what is
// decided or waiting lies between the two.
struct Snapshot {
  absl::Status followed;                          // not OK: the engine is away, and what others wrote is missing
  std::map<uint32_t, uint64_t> published_before;  // by resource
  std::shared_ptr<const catalog::CatalogTable> catalog;
  std::vector<pipeline::LaneState> lanes;
  ReceiptTable receipts;
  SourceTable sources;
  snapshot::SnapshotTable full_dumps;
};

Snapshot Take(ExchangeState& state) {
  Snapshot snapshot;
  // Each further question to an engine that is away would wait as long.
  snapshot.followed = state.receipts_tail.Follow();
  if (snapshot.followed.ok()) snapshot.followed = state.sources_tail.Follow();
  {
    // Receipts before lanes: nothing is applied that was not delivered.
    const std::lock_guard lock(state.tables);
    snapshot.receipts = state.receipts;
    for (const auto& [id, resource] : state.catalog->resources()) {
      snapshot.published_before[id] = state.sources.PublishedOf(id);
    }
  }
  for (const auto& lane : state.lanes) {
    // Nothing is applied that its ledger does not say was delivered.
    if (snapshot.followed.ok()) snapshot.followed = lane->CatchUp();
    lane->Inspect([&](const pipeline::LaneView& view) { snapshot.lanes.push_back(view.state); });
  }
  if (snapshot.followed.ok()) snapshot.followed = state.sources_tail.Follow();
  const std::lock_guard lock(state.tables);
  snapshot.sources = state.sources;
  snapshot.full_dumps = state.snapshots;
  snapshot.catalog = state.catalog;
  return snapshot;
}

uint64_t Sum(const pipeline::VerdictCounts& counts) {
  uint64_t sum = 0;
  for (const auto& [verdict, records] : counts) sum += records;
  return sum;
}

absl::StatusOr<uint64_t> CountBehind(ExchangeState& state, const Snapshot& snapshot, const catalog::Resource& resource,
                                     uint32_t partition, broker::Position end) {
  const uint32_t lane = catalog::LaneOf(resource, partition, static_cast<uint32_t>(snapshot.lanes.size()));
  const auto& inputs = snapshot.lanes[lane].inputs;
  const auto input = inputs.find({resource.id, partition});
  const broker::Position next = input == inputs.end() ? 0 : input->second.next;
  uint64_t records = 0;
  if (std::max(next, broker::kFirstPosition) >= end) return records;
  record::PackedBatch batch;
  ASSIGN_OR_RETURN(const auto reader, state.options.broker->OpenReader({resource.publish_topic(), partition}, next));
  while (true) {
    ASSIGN_OR_RETURN(const auto messages, reader->Poll({}));
    if (messages.empty()) return records;
    for (const broker::Message& message : messages) {
      if (record::DecodeColumns(message.body.bytes(), batch).ok()) records += batch.columns.size();
    }
  }
}

// By resource: records in its topic that its lanes have not come to, counted in the topic itself.
absl::StatusOr<std::map<uint32_t, uint64_t>> CountWaiting(ExchangeState& state, const Snapshot& snapshot) {
  std::vector<broker::TopicPartition> places;
  for (const auto& [id, resource] : snapshot.catalog->resources()) {
    for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
      places.push_back({resource.publish_topic(), partition});
    }
  }
  // What the sources' journal says of is in here too, once what was begun in these partitions is decided.
  ASSIGN_OR_RETURN(const std::vector<broker::PartitionBounds> bounds, state.options.broker->BoundsOf(places));
  std::map<uint32_t, uint64_t> waiting;
  auto of_place = bounds.begin();
  for (const auto& [id, resource] : snapshot.catalog->resources()) {
    for (uint32_t partition = 0; partition < resource.partitions; ++partition, ++of_place) {
      ASSIGN_OR_RETURN(const uint64_t records, CountBehind(state, snapshot, resource, partition, of_place->end));
      waiting[id] += records;
    }
  }
  return waiting;
}

absl::StatusOr<ResourceBooks> BooksOf(ExchangeState& state, const Snapshot& snapshot, const catalog::Resource& resource,
                                      uint64_t waiting) {
  ResourceBooks books;
  books.resource = resource.name;
  for (const pipeline::LaneState& lane : snapshot.lanes) {
    const auto it = lane.resources.find(resource.id);
    if (it == lane.resources.end()) continue;
    for (const auto& [verdict, records] : it->second) {
      books.verdicts[verdict] += records;
      books.outcomes[static_cast<size_t>(ledger::OutcomeOf(verdict))] += records;
    }
    const auto generated = lane.generated.find(resource.id);
    if (generated != lane.generated.end()) books.generated += generated->second;
  }
  books.waiting = waiting;
  const auto before = snapshot.published_before.find(resource.id);
  const uint64_t published_before = before == snapshot.published_before.end() ? 0 : before->second;
  uint64_t published_after = 0;
  RETURN_IF_ERROR(state.sources_tail.Follow());
  {
    const std::lock_guard lock(state.tables);
    published_after = state.sources.PublishedOf(resource.id);
  }
  const uint64_t accounted = Sum(books.verdicts) + books.waiting - books.generated;
  if (pipeline::IsWrittenByOthers(*snapshot.catalog, resource)) {
    // Who writes into the topic need not write into a journal, nor tell the truth there: what counts is what came.
    books.balanced = true;
    books.published = accounted;
    return books;
  }
  books.balanced = published_before <= accounted && accounted <= published_after;
  books.published = books.balanced ? accounted : published_after;
  return books;
}

const pipeline::StreamState* FindStream(const pipeline::LaneState& lane, uint32_t view_id) {
  const auto it = lane.streams.find(view_id);
  return it == lane.streams.end() ? nullptr : &it->second;
}

SubscriptionBooks BooksOf(const Snapshot& snapshot, const catalog::Subscription& subscription,
                          const catalog::Resource& resource) {
  SubscriptionBooks books;
  books.subscription = subscription.name;
  books.resource = resource.name;
  const catalog::Grant* grant = snapshot.catalog->FindGrant(subscription.grant_id);
  const catalog::Department* department =
      grant == nullptr ? nullptr : snapshot.catalog->FindDepartment(grant->department_id);
  if (department != nullptr) books.department = department->name;

  const ReceiptState receipt = snapshot.receipts.Of(subscription.id);
  uint64_t in_streams = 0;
  uint64_t taken = 0;
  for (uint32_t number = 0; number < snapshot.lanes.size(); ++number) {
    const pipeline::LaneState& lane = snapshot.lanes[number];
    const auto start = lane.subscriptions.find(subscription.id);
    if (start == lane.subscriptions.end()) continue;
    const pipeline::StreamState* stream = FindStream(lane, subscription.view_id);
    const uint64_t stream_next = stream == nullptr ? 1 : stream->next_sequence;
    books.accepted_since_start += lane.AcceptedOf(resource.id) - start->second.start_accepted;
    books.sent_again += start->second.again_next_sequence - 1;
    in_streams += (stream_next - start->second.start_sequence) + (start->second.again_next_sequence - 1);
    books.filtered += (stream == nullptr ? 0 : stream->filtered) - start->second.start_filtered;
    const auto taken_lane = receipt.lanes.find(number);
    if (taken_lane == receipt.lanes.end()) continue;
    taken += taken_lane->second.again_next_sequence - 1;
    if (taken_lane->second.stream_next_sequence != 0) {
      taken += taken_lane->second.stream_next_sequence - start->second.start_sequence;
    }
  }
  books.refused = receipt.refused_total;
  books.applied = taken >= books.refused ? taken - books.refused : 0;
  // What a suspended (or ended) subscription has not taken is withheld from it; else it is on its way.
  const bool flows = subscription.active && !subscription.suspended;
  books.withheld = flows ? 0 : in_streams - std::min(in_streams, taken);
  books.delivered = in_streams - books.withheld;
  books.in_flight = books.delivered - std::min(books.delivered, taken);
  books.balanced = books.delivered == books.applied + books.refused + books.in_flight &&
                   (!subscription.active ||
                    books.accepted_since_start + books.sent_again == books.delivered + books.filtered + books.withheld);
  return books;
}

// What of a run's records in one lane a subscription was given, and has taken. A run's records lie behind one another
// in the lane's stream with others between, so while some are on their way `applied` is a lower bound; at the end it is
// exact.
void AddSubscriber(const pipeline::RunState::StreamMark& mark, uint64_t start_sequence, uint64_t taken_next,
                   RunBooks::Subscriber& subscriber) {
  if (mark.last_sequence < start_sequence) return;
  const uint64_t delivered = std::min(mark.records, mark.last_sequence - start_sequence + 1);
  subscriber.delivered += delivered;
  const uint64_t behind =
      taken_next > mark.last_sequence ? 0 : mark.last_sequence - std::max(taken_next, start_sequence) + 1;
  subscriber.applied += delivered - std::min(delivered, behind);
}

RunBooks BooksOf(const Snapshot& snapshot, const SourceRun& run) {
  RunBooks books;
  books.run = run.run;
  books.name = run.name;
  books.identity = run.identity;
  books.failure = run.failure;
  books.file_sequence = run.file_sequence;
  books.bytes_total = run.bytes_total;
  books.rows_published = run.rows_published;
  books.begun_time = run.begun_time;
  books.ended_time = run.ended_time;
  books.seen_before = run.seen_before;
  books.state =
      !run.ended ? RunBooks::State::kReceiving : (run.complete ? RunBooks::State::kComplete : RunBooks::State::kFailed);
  const snapshot::SnapshotState* judged = snapshot.full_dumps.Find(run.run);
  if (judged != nullptr && judged->is_held()) books.state = RunBooks::State::kHeld;
  const auto source = snapshot.sources.sources().find(run.source_id);
  if (source != snapshot.sources.sources().end()) books.source = source->second.name;
  if (const auto* resource = snapshot.catalog->FindResource(run.resource_id); resource != nullptr) {
    books.resource = resource->name;
  }

  std::map<uint32_t, RunBooks::Subscriber> subscribers;
  for (uint32_t number = 0; number < snapshot.lanes.size(); ++number) {
    const pipeline::LaneState& lane = snapshot.lanes[number];
    const auto tally = lane.runs.find({run.resource_id, run.run});
    if (tally == lane.runs.end()) continue;
    for (const auto& [verdict, records] : tally->second.verdicts) books.verdicts[verdict] += records;
    books.generated_deletes += tally->second.generated;
    for (const auto& [view, mark] : tally->second.streams) {
      for (const catalog::Subscription* subscription : snapshot.catalog->SubscriptionsOf(view)) {
        const auto start = lane.subscriptions.find(subscription->id);
        if (start == lane.subscriptions.end()) continue;
        const ReceiptState receipt = snapshot.receipts.Of(subscription->id);
        const auto taken = receipt.lanes.find(number);
        const uint64_t taken_next = taken == receipt.lanes.end() ? 0 : taken->second.stream_next_sequence;
        RunBooks::Subscriber& subscriber = subscribers[subscription->id];
        subscriber.subscription = subscription->name;
        AddSubscriber(mark, start->second.start_sequence, taken_next, subscriber);
      }
    }
  }
  books.decided = Sum(books.verdicts);
  for (auto& [id, subscriber] : subscribers) books.subscribers.push_back(std::move(subscriber));
  return books;
}

const catalog::Resource* ResourceOf(const catalog::CatalogTable& catalog, const catalog::Subscription& subscription) {
  const catalog::View* view = catalog.FindView(subscription.view_id);
  return view == nullptr ? nullptr : catalog.FindResource(view->resource_id);
}

// Receive time of the oldest batch a subscription has not acknowledged; 0 when there is none or it can't be read.
base::TimeUs OldestWaiting(ExchangeState& state, const catalog::Subscription& subscription,
                           const catalog::Resource& resource) {
  const auto starts = LaneStartsOf(state, subscription.id, resource);
  const ReceiptState receipt = state.ReceiptOf(subscription.id);
  broker::Broker& broker = *state.options.broker;
  const auto oldest_in = [&](const std::string& topic, broker::Position from, bool stream) -> base::TimeUs {
    const auto bounds = broker.Bounds({topic, 0});
    if (!bounds.ok()) return 0;
    auto reader = broker.OpenReader({topic, 0}, std::max(from, bounds->begin));
    while (reader.ok()) {
      const auto messages = (*reader)->Poll({1, 1});
      if (!messages.ok() || messages->empty()) return 0;
      const auto envelope = pipeline::DecodeDeliveryEnvelope(messages->front().envelope);
      if (!envelope.ok()) return 0;
      const auto start = starts.find(envelope->lane());
      if (!stream) return envelope->commit_time();  // sent again: late since it was sent
      if (start != starts.end() && envelope->first_sequence() >= start->second.start_sequence) {
        return envelope->receive_time();
      }
    }
    return 0;
  };
  base::TimeUs oldest = 0;
  if (!receipt.in_stream) oldest = oldest_in(pipeline::AgainTopic(subscription.id), receipt.again_next, false);
  if (oldest == 0) {
    const catalog::CatalogTable& catalog = *state.Catalog();
    const catalog::View* view = catalog.FindView(subscription.view_id);
    if (view != nullptr) oldest = oldest_in(view->stream_topic(), receipt.stream_next, true);
  }
  return oldest;
}

}  // namespace

bool Books::balanced() const {
  return counted.ok() && std::all_of(resources.begin(), resources.end(), [](const auto& r) { return r.balanced; }) &&
         std::all_of(subscriptions.begin(), subscriptions.end(), [](const auto& s) { return s.balanced; });
}

uint64_t ExchangeState::DecidedOf(uint32_t resource_id) {
  uint64_t decided = 0;
  for (const auto& lane : lanes) {
    lane->Inspect([&](const pipeline::LaneView& view) {
      const auto it = view.state.resources.find(resource_id);
      if (it != view.state.resources.end()) decided += Sum(it->second);
      const auto generated = view.state.generated.find(resource_id);
      if (generated != view.state.generated.end()) decided -= generated->second;
    });
  }
  return decided;
}

Books ComputeBooks(ExchangeState& state) {
  const Snapshot snapshot = Take(state);
  Books books;
  const auto waiting = snapshot.followed.ok() ? CountWaiting(state, snapshot) : snapshot.followed;
  books.counted = waiting.status();
  for (const auto& [id, resource] : snapshot.catalog->resources()) {
    if (!books.counted.ok()) break;  // each further question would wait as long
    auto of_resource = BooksOf(state, snapshot, resource, waiting->at(id));
    books.counted = of_resource.status();
    if (of_resource.ok()) books.resources.push_back(*std::move(of_resource));
  }
  for (const auto& [id, subscription] : snapshot.catalog->subscriptions()) {
    const catalog::Resource* resource = ResourceOf(*snapshot.catalog, subscription);
    if (resource != nullptr) books.subscriptions.push_back(BooksOf(snapshot, subscription, *resource));
  }
  return books;
}

std::vector<RunBooks> ComputeRuns(ExchangeState& state) {
  const Snapshot snapshot = Take(state);
  std::vector<RunBooks> runs;
  for (const auto& [number, run] : snapshot.sources.runs()) runs.push_back(BooksOf(snapshot, run));
  return runs;
}

absl::StatusOr<std::vector<SubscriptionLag>> ComputeLag(ExchangeState& state) {
  const Snapshot snapshot = Take(state);
  RETURN_IF_ERROR(snapshot.followed);
  ASSIGN_OR_RETURN(const auto waiting, CountWaiting(state, snapshot));
  const base::TimeUs now = state.options.clock->Now();
  std::vector<SubscriptionLag> all;
  for (const auto& [id, subscription] : snapshot.catalog->subscriptions()) {
    const catalog::Resource* resource = ResourceOf(*snapshot.catalog, subscription);
    if (resource == nullptr || !subscription.active) continue;
    const SubscriptionBooks books = BooksOf(snapshot, subscription, *resource);
    SubscriptionLag lag;
    lag.subscription = subscription.name;
    lag.resource = resource->name;
    lag.department = books.department;
    lag.suspended = subscription.suspended;
    lag.records_behind = books.in_flight + books.withheld;
    lag.last_applied_time = snapshot.receipts.Of(id).time;
    lag.input_waiting = waiting.at(resource->id);
    for (const auto& [number, judged] : snapshot.full_dumps.snapshots()) {
      lag.held_snapshots += judged.resource_id == resource->id && judged.is_held() ? 1 : 0;
    }
    if (lag.records_behind > 0) {
      lag.oldest_receive_time = OldestWaiting(state, subscription, *resource);
      if (lag.oldest_receive_time != 0)
        lag.seconds_behind_us = std::max<base::TimeUs>(0, now - lag.oldest_receive_time);
    }
    all.push_back(std::move(lag));
  }
  return all;
}

}  // namespace datong::node
