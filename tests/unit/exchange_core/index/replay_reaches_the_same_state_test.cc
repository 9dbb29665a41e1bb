// SPDX-License-Identifier: Apache-2.0
// Replaying what the ledger keeps, from the start or from a checkpoint in the middle, leads to the same bytes as
// deciding.
#include <catch2/catch.hpp>
#include <map>

#include "exchange_core/index/event_index.h"
#include "tests/unit/exchange_core/index/index_sample.h"

namespace datong::index {
namespace {

std::vector<SampleRecord> MakeRecords(base::RandomSource& random, uint64_t keys) {
  std::vector<SampleRecord> records(random.Below(200));
  for (SampleRecord& r : records) {
    r = {random.Below(keys), random.Below(4), static_cast<int64_t>(random.Below(50)) - 25, random.Below(100),
         random.Below(5) == 0};
  }
  return records;
}

TEST_CASE("an entity index") {
  base::SeededRandom random(TestSeed());
  for (int round = 0; round < 60; ++round) {
    const bool declared = random.Below(2) == 0;
    const uint64_t keys = 1 + random.Below(5000);
    const int batches = 1 + static_cast<int>(random.Below(60));
    const int checkpoint_after = static_cast<int>(random.Below(static_cast<uint64_t>(batches)));
    EntityIndex decided(random.Next()), replayed(random.Next()), restarted(random.Next());
    for (int i = 0; i < batches; ++i) {
      SampleBatch batch(MakeRecords(random, keys));
      const BatchPlace place{static_cast<uint64_t>(i + 1), random.Below(1000), static_cast<uint16_t>(random.Below(4)),
                             static_cast<uint32_t>(random.Below(3))};
      decided.Decide(batch.header, batch.columns, place, declared, batch.verdicts);
      const ledger::AdmittedColumns admitted = ThroughLedger(batch, true);
      replayed.Replay(admitted, place);
      if (i > checkpoint_after) restarted.Replay(admitted, place);
      if (i == checkpoint_after) REQUIRE(restarted.Load(Bytes(decided)).ok());
    }
    REQUIRE(Bytes(replayed) == Bytes(decided));
    REQUIRE(Bytes(restarted) == Bytes(decided));
    CHECK(restarted.live() == decided.live());
    CHECK(restarted.OldestContent() == decided.OldestContent());
    size_t live = 0;
    std::map<uint16_t, size_t> live_of_source;
    decided.ForEach([&](const EntityEntry& entry) {
      live += entry.deleted == 0 ? 1 : 0;
      live_of_source[entry.source_id] += entry.deleted == 0 ? 1 : 0;
      REQUIRE(restarted.Find(entry.key) != nullptr);
    });
    CHECK(live == decided.live());
    for (uint16_t source = 0; source < 6; ++source) {
      CHECK(decided.LiveOf(source) == live_of_source[source]);
      CHECK(restarted.LiveOf(source) == live_of_source[source]);
    }
  }
}

TEST_CASE("an event index, also where batches without admitted records are left out") {
  base::SeededRandom random(TestSeed());
  for (int round = 0; round < 60; ++round) {
    const uint64_t keys = 1 + random.Below(5000);
    const int batches = 1 + static_cast<int>(random.Below(80));
    const int checkpoint_after = static_cast<int>(random.Below(static_cast<uint64_t>(batches)));
    constexpr base::TimeUs kWindow = 3000;
    EventIndex decided(kWindow, 1), replayed(kWindow, 2), restarted(kWindow, 3);
    base::TimeUs now = 1700000000000000;
    for (int i = 0; i <= batches; ++i) {
      SampleBatch batch(i < batches ? MakeRecords(random, keys) : std::vector<SampleRecord>{{keys}});
      now += static_cast<base::TimeUs>(random.Below(300));
      const BatchPlace place{static_cast<uint64_t>(i + 1), 0, 0, 0};
      decided.Decide(batch.columns, place, now, batch.verdicts);
      const ledger::AdmittedColumns admitted = ThroughLedger(batch, false);
      if (admitted.size() != 0) {
        replayed.Replay(admitted, place, now);
        if (i > checkpoint_after) restarted.Replay(admitted, place, now);
      }
      if (i == checkpoint_after) REQUIRE(restarted.Load(Bytes(decided)).ok());
    }
    REQUIRE(Bytes(replayed) == Bytes(decided));
    REQUIRE(Bytes(restarted) == Bytes(decided));
  }
}

TEST_CASE("a section that is cut, strange or names an entry twice is refused, and the index stays as it was") {
  EntityIndex entities;
  EventIndex events(1000);
  SampleBatch batch({{1, 1, 0, 1}, {2, 1, 0, 2}});
  entities.Decide(batch.header, batch.columns, {1, 1, 1, 0}, false, batch.verdicts);
  batch.verdicts.assign(2, ledger::Verdict::kUndecided);
  events.Decide(batch.columns, {1, 1, 1, 0}, 5, batch.verdicts);
  const std::string entity_bytes = Bytes(entities), event_bytes = Bytes(events);
  for (size_t size = 0; size < entity_bytes.size(); ++size)
    CHECK_FALSE(entities.Load(entity_bytes.substr(0, size)).ok());
  for (size_t size = 0; size < event_bytes.size(); ++size) CHECK_FALSE(events.Load(event_bytes.substr(0, size)).ok());
  CHECK(absl::IsInvalidArgument(entities.Load(event_bytes)));
  CHECK(absl::IsInvalidArgument(events.Load(entity_bytes)));
  std::string twice = entity_bytes;
  constexpr auto kEntry = static_cast<std::ptrdiff_t>(sizeof(EntityEntry));
  std::copy(twice.end() - 2 * kEntry, twice.end() - kEntry, twice.end() - kEntry);
  CHECK(absl::IsDataLoss(entities.Load(twice)));
  twice = event_bytes;
  std::copy(twice.end() - 56, twice.end() - 28, twice.end() - 28);
  CHECK(absl::IsDataLoss(events.Load(twice)));
  CHECK(Bytes(entities) == entity_bytes);
  CHECK(Bytes(events) == event_bytes);
}

}  // namespace
}  // namespace datong::index
