// SPDX-License-Identifier: Apache-2.0
// A checkpoint is written when a replay would have much to learn, and not because much came that changed nothing.
#include <google/protobuf/repeated_field.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "exchange_core/pipeline/replay_work.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;

uint64_t WorkOf(const std::vector<std::pair<Verdict, uint32_t>>& runs) {
  google::protobuf::RepeatedField<uint32_t> packed;
  for (const auto& [verdict, records] : runs) {
    packed.Add(static_cast<uint32_t>(verdict));
    packed.Add(records);
  }
  return ReplayWorkOf(packed);
}

TEST_CASE("an entry weighs itself, and its records by what the index learns of them") {
  CHECK(WorkOf({}) == kReplayWorkPerRecord);
  CHECK(WorkOf({{Verdict::kInserted, 10}}) == 11 * kReplayWorkPerRecord);
  CHECK(WorkOf({{Verdict::kStaged, 10}}) == 11 * kReplayWorkPerRecord);
  CHECK(WorkOf({{Verdict::kUnchanged, 800}, {Verdict::kUpdated, 1}, {Verdict::kDuplicate, 16}}) ==
        102 * kReplayWorkPerRecord + 2 * kReplayWorkPerRecord);
}

std::vector<Row> Companies(const std::string& state) {
  std::vector<Row> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({"C" + std::to_string(i), "n", state});
  return rows;
}

TEST_CASE("rows that change nothing ask for no checkpoint, rows that do ask for one") {
  LaneWorld world;
  world.checkpoint_records = 50;
  const auto lane = world.RecoveredLane();
  const auto generation_after = [&](const std::string& state) {
    world.Publish("companies", Companies(state));
    world.Settle(*lane);
    std::string newest;
    for (const auto& file : std::filesystem::directory_iterator(world.checkpoints())) {
      newest = std::max(newest, file.path().filename().string());
    }
    return newest;
  };
  const std::string first = generation_after("a");
  CHECK(!first.empty());
  CHECK(generation_after("a") == first);
  CHECK(generation_after("a") == first);
  CHECK(generation_after("b") > first);
}

}  // namespace
}  // namespace datong::pipeline
