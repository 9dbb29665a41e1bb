// SPDX-License-Identifier: Apache-2.0
// However much one commit decides, its ledger entries fit the bodies an engine takes, and read on as one chain.
#include <catch2/catch.hpp>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

TEST_CASE("the entries of one commit may be more than one body holds") {
  constexpr uint64_t kEntries = 12;
  // Many of moderate size, or one that nearly fills a body behind one that nearly begins a new one.
  const size_t entry_bytes = GENERATE(base::kBatchBytesMax / 8, base::kBatchBytesMax * 15 / 16);
  LaneWorld world;
  const auto writer = world.engine().OpenWriter("lane.0");
  REQUIRE(writer.ok());
  auto transaction = (*writer)->Begin();
  REQUIRE(transaction.ok());
  LaneState state;
  LaneCommit commit(0, *std::move(transaction), state);
  for (uint64_t i = 0; i < kEntries; ++i) {
    ledger::v1::LedgerEntry entry;
    entry.mutable_batch()->set_resource_id(1);
    entry.mutable_batch()->set_input_position(i);
    entry.mutable_batch()->set_input_next(i + 1);
    entry.mutable_batch()->set_problem(std::string(i == 0 ? base::kBatchBytesMax * 7 / 16 : entry_bytes, 'x'));
    REQUIRE(commit.AddEntry(entry).ok());
  }
  const absl::Status committed = commit.Commit(base::NoObserver());
  INFO(committed);
  REQUIRE(committed.ok());

  const auto reader = world.engine().OpenReader({ledger::kLedgerTopic, 0}, 0);
  REQUIRE(reader.ok());
  ledger::ChainHead head;
  size_t bodies = 0, entries = 0;
  while (true) {
    const auto messages = (*reader)->Poll({});
    REQUIRE(messages.ok());
    if (messages->empty()) break;
    for (const broker::Message& message : *messages) {
      ++bodies;
      ledger::LedgerMessageReader walk(message.body.bytes(), 0, head);
      ledger::v1::LedgerEntry entry;
      for (auto more = walk.Next(entry); more.ok() && *more; more = walk.Next(entry)) ++entries;
      head = walk.head();
    }
  }
  CHECK(bodies > 1);
  CHECK(entries == kEntries);
  CHECK(head.sequence == state.head.sequence);
}

}  // namespace
}  // namespace datong::pipeline
