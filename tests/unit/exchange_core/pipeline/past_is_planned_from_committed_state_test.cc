// SPDX-License-Identifier: Apache-2.0
// What a subscription that starts with the past is sent: the plan comes from committed state alone, so that after a
// crash the same plan comes out and its cursor says what of it is done; and it arrives once, however often the commits
// fail.
#include <catch2/catch.hpp>
#include <set>

#include "exchange_core/pipeline/again_plan.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

constexpr char kLate[] = R"(
subscriptions:
  - {name: late-all, grant: all, start: beginning}
  - {name: late-present, grant: some, start: present}
  - {name: late-visits, grant: visits, start: present}
  - {name: late-now, grant: all, start: now}
)";

std::vector<Row> Companies(int from, int to, const std::string& address) {
  std::vector<Row> rows;
  for (int i = from; i < to; ++i) rows.push_back({"C" + std::to_string(i), "name", address});
  return rows;
}

std::multiset<std::string> Texts(const std::vector<LaneWorld::Delivered>& all) {
  std::multiset<std::string> texts;
  for (const auto& one : all) texts.insert(one.operation + " " + one.text);
  return texts;
}

uint64_t StepsOf(const AgainPlan& plan) {
  uint64_t records = 0;
  for (const AgainStep& step : plan) records += step.records.size();
  return records;
}

}  // namespace

TEST_CASE("the cursor skips what is done") {
  AgainPlan plan;
  for (uint32_t partition : {1u, 4u}) {
    for (uint64_t position : {10u, 20u, 30u}) plan.push_back({partition, position, position, {{0, 4}}});
  }
  const auto left = [&](bool history, uint32_t partition, uint64_t position) {
    AgainPlan copy = plan;
    SkipDone(history, partition, position, copy);
    return copy.size();
  };
  CHECK(left(false, 0, 0) == 6);  // nothing is done
  CHECK(left(false, 1, 10) == 5);
  CHECK(left(false, 1, 25) == 4);
  CHECK(left(false, 4, 10) == 2);  // partition 1 lies behind
  CHECK(left(false, 4, 30) == 0);

  plan.clear();  // history: ordered by the deciding entry, partitions mixed
  for (uint64_t sequence = 1; sequence <= 4; ++sequence)
    plan.push_back({static_cast<uint32_t>(sequence % 2), 100 - sequence, sequence, {}});
  CHECK(left(true, 1, 1) == 3);
  CHECK(left(true, 0, 4) == 0);
}

TEST_CASE("the present state has each live key once, where its content lies; history has every accepted record") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Publish("companies", Companies(0, 30, "old"));
  world.Publish("companies", Companies(10, 20, "new"));
  world.Settle(*lane);
  const uint32_t resource = world.table->FindResource("companies")->id;

  std::vector<std::pair<uint32_t, const index::EntityIndex*>> indexes;
  uint64_t next_entry = 0;
  lane->Inspect([&](const LaneView& view) {
    for (uint32_t p = 0; p < 2; ++p) indexes.emplace_back(p, view.entity_index(resource, p));
    next_entry = view.state.head.sequence + 1;
  });
  const AgainPlan present = PlanPresentState(indexes);
  CHECK(StepsOf(present) == 30);
  for (size_t i = 1; i < present.size(); ++i) {
    CHECK(std::pair(present[i - 1].partition, present[i - 1].position) <
          std::pair(present[i].partition, present[i].position));
  }
  const auto history = PlanHistory(*world.flaky, 0, resource, next_entry);
  REQUIRE(history.ok());
  CHECK(StepsOf(*history) == 40);
  CHECK(PlanHistory(*world.flaky, 0, resource, 1)->empty());
  CHECK(PlanHistory(*world.flaky, 0, resource + 1000, next_entry)->empty());
}

TEST_CASE("a late subscription gets its past once, through failing commits and restarts") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  for (int day = 0; day < 3; ++day) {
    // More input batches than one commit sends again.
    for (int part = 0; part < 40; ++part)
      world.Publish("companies", Companies(part * 5, part * 5 + 5 - day, std::to_string(day)));
  }
  world.Publish("visits", {{"C1", "1"}, {"C2", "1"}});
  world.Settle(*lane);
  world.Apply(kLate);

  base::SeededRandom random(GENERATE(1, 2, 3));
  using Fate = tests::FlakyBroker::Fate;
  world.flaky->SetFate([&] { return static_cast<Fate>(random.Below(4)); });
  for (int i = 0; i < 12; ++i) {
    lane->Step();
    world.clock.Advance(2'000'000);
    if (random.Below(3) == 0) {
      if (random.Below(2) == 0) lane->WriteCheckpoint().IgnoreError();
      lane = world.RecoveredLane();
    }
  }
  world.flaky->SetFate(nullptr);
  world.Settle(*lane);

  CHECK(Texts(world.ReadAgain("late-all", "companies")) == Texts(world.ReadStream("all", "companies")));
  const auto present = world.ReadAgain("late-present", "companies");
  CHECK(present.size() == 200);
  CHECK(Texts(present).count("insert C0 name - ") == 1);
  CHECK(world.ReadAgain("late-visits", "visits").size() == 2);
  CHECK(world.ReadAgain("late-now", "companies").empty());
  for (const char* subscription : {"late-all", "late-present"}) {
    const auto again = world.ReadAgain(subscription, "companies");
    for (size_t i = 0; i < again.size(); ++i) {
      CHECK(again[i].again);
      CHECK(again[i].sequence == i + 1);
    }
  }
}

}  // namespace datong::pipeline
