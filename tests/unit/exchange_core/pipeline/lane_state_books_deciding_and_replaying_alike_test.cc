// SPDX-License-Identifier: Apache-2.0
// A lane's state is what its ledger entries add up to: stored and loaded it stays equal, and an entry that contradicts
// it is told as damage instead of being booked.
#include <catch2/catch.hpp>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/pipeline/lane_state.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;

constexpr base::TimeUs kHour = base::TimeUs{3600} * 1'000'000;

ledger::v1::LedgerEntry BatchEntry(uint64_t position, base::TimeUs received, uint64_t first_sequence) {
  ledger::v1::LedgerEntry entry;
  entry.set_lane(1);
  entry.set_commit_time(received + 5);
  auto* batch = entry.mutable_batch();
  batch->set_resource_id(3);
  batch->set_partition(2);
  batch->set_input_position(position);
  batch->set_input_next(position + 1);
  batch->set_receive_time(received);
  batch->set_publisher_epoch(40);
  batch->set_records(7);
  for (const uint32_t number : {1u, 4u, 4u, 2u, 2u, 1u}) batch->add_verdict_runs(number);
  auto* output = batch->add_outputs();
  output->set_view_id(8);
  output->set_first_sequence(first_sequence);
  output->set_records(5);
  return entry;
}

ledger::v1::LedgerEntry StartEntry(uint32_t subscription, uint32_t records, bool finished, uint64_t cursor) {
  ledger::v1::LedgerEntry entry;
  entry.set_lane(1);
  entry.set_sequence(9);
  auto* start = entry.mutable_stream_start();
  start->set_subscription_id(subscription);
  start->set_view_id(8);
  start->set_resource_id(3);
  start->set_records(records);
  start->set_finished(finished);
  start->set_cursor_position(cursor);
  return entry;
}

}  // namespace

TEST_CASE("batches add up per resource, run and stream") {
  LaneState state;
  REQUIRE(Account(BatchEntry(10, kHour, 1), state).ok());
  REQUIRE(Account(BatchEntry(20, kHour + 7, 6), state).ok());
  REQUIRE(Account(BatchEntry(30, 2 * kHour, 11), state).ok());
  CHECK(state.resources.at(3) ==
        VerdictCounts{{Verdict::kInserted, 12}, {Verdict::kUpdated, 3}, {Verdict::kDuplicate, 6}});
  CHECK(state.AcceptedOf(3) == 15);
  CHECK(state.AcceptedOf(4) == 0);
  CHECK(state.streams.at(8).next_sequence == 16);
  CHECK(state.runs.at({3, 40}).streams.at(8).records == 15);
  CHECK(state.runs.at({3, 40}).streams.at(8).last_sequence == 15);
  CHECK(state.inputs.at({3, 2}).next == 31);
  REQUIRE(state.inputs.at({3, 2}).marks.size() == 2);  // the first input of each hour
  CHECK(state.inputs.at({3, 2}).marks[1].position == 30);
  CHECK(state.commit_time == 2 * kHour + 5);
}

TEST_CASE("a subscription remembers where its stream stood, and how much was sent again") {
  LaneState state;
  REQUIRE(Account(BatchEntry(10, kHour, 1), state).ok());
  REQUIRE(Account(StartEntry(77, 0, false, 0), state).ok());
  REQUIRE(Account(StartEntry(77, 3, false, 4), state).ok());
  REQUIRE(Account(StartEntry(77, 2, true, 6), state).ok());
  REQUIRE(Account(BatchEntry(20, kHour, 6), state).ok());
  const SubscriptionStartState& start = state.subscriptions.at(77);
  CHECK(start.start_sequence == 6);
  CHECK(start.start_accepted == 5);
  CHECK(start.started_at_sequence == 9);
  CHECK(start.started);
  CHECK(start.again_next_sequence == 6);
  CHECK(start.cursor_position == 6);
}

TEST_CASE("stored and loaded, the state is the same") {
  LaneState state;
  state.head.sequence = 12;
  state.head.hash[3] = 99;
  state.ledger_next = 31;
  REQUIRE(Account(BatchEntry(10, kHour, 1), state).ok());
  REQUIRE(Account(StartEntry(77, 3, false, 4), state).ok());
  ledger::v1::LedgerEntry taken;
  taken.mutable_catalog_taken()->set_version(6);
  REQUIRE(Account(taken, state).ok());

  const std::string stored = SerializeLaneState(state, 1);
  LaneState loaded;
  loaded.resources[1000][Verdict::kStale] = 1;  // what was there before is gone
  REQUIRE(ParseLaneState(stored, 1, loaded).ok());
  CHECK(SerializeLaneState(loaded, 1) == stored);
  CHECK(loaded.head.sequence == 12);
  CHECK(loaded.head.hash == state.head.hash);
  CHECK(loaded.catalog_version == 6);
  CHECK(loaded.resources == state.resources);
  CHECK(!loaded.subscriptions.at(77).started);
  REQUIRE(Account(BatchEntry(11, kHour, 6), loaded).ok());

  CHECK(absl::IsDataLoss(ParseLaneState(stored, 2, loaded)));  // another lane's
  // Cut off it is no state, or a smaller one: the checkpoint around it has the checksum.
  for (size_t size = 0; size < stored.size(); ++size) (void)ParseLaneState(stored.substr(0, size), 1, loaded);
}

TEST_CASE("an entry that contradicts the state is damage") {
  LaneState state;
  REQUIRE(Account(BatchEntry(10, kHour, 1), state).ok());
  ledger::v1::LedgerEntry entry = BatchEntry(20, kHour, 6);
  SECTION("a stream that jumps") { entry.mutable_batch()->mutable_outputs(0)->set_first_sequence(GENERATE(5, 7)); }
  SECTION("an input decided before") { entry.mutable_batch()->set_input_next(GENERATE(5, 11)); }
  SECTION("a verdict nobody knows") { entry.mutable_batch()->set_verdict_runs(0, 200); }
  SECTION("half a pair") { entry.mutable_batch()->add_verdict_runs(1); }
  SECTION("nothing known at all") { entry.clear_batch(); }
  CHECK(absl::IsDataLoss(Account(entry, state)));
}

}  // namespace datong::pipeline
