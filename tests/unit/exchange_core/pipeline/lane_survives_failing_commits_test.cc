// SPDX-License-Identifier: Apache-2.0
// Whatever becomes of a lane's commits - refused by a full disk, lost before or after they were written - and whenever
// it is killed: every accepted record is delivered once, in the order of its key, and the index is the one the ledger
// makes.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "exchange_core/index/checkpoint.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

using Fate = tests::FlakyBroker::Fate;

uint64_t TestSeed() {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : base::SystemRandom().Next();
  std::cout << "lane: DATONG_SEED=" << seed << "\n";
  return seed;
}

// Publishes random companies and knows what each subscriber of everything must see of each.
struct Registry {
  LaneWorld& world;
  base::SeededRandom& random;
  std::map<std::string, std::string> state;                // by code
  std::map<std::string, std::vector<std::string>> wanted;  // by code, in order
  size_t changes = 0;

  void PublishSome() {
    std::vector<Row> rows;
    for (uint64_t i = 1 + random.Below(20); i > 0; --i) {
      const std::string code = "C" + std::to_string(random.Below(40));
      const std::string address(1, static_cast<char>('a' + random.Below(3)));
      rows.push_back({code, "name", address});
      std::string text = code + " name " + address + " ";
      if (state[code] == text) continue;
      wanted[code].push_back((state[code].empty() ? "insert " : "update ") + text);
      state[code] = text;
      ++changes;
    }
    world.Publish("companies", rows);
  }
  void RequireDelivered(const std::string& subscription) {
    std::map<std::string, std::vector<std::string>> got;
    uint64_t sequence = 0;
    for (const auto& one : world.ReadStream(subscription, "companies")) {
      got[one.text.substr(0, one.text.find(' '))].push_back(one.operation + " " + one.text);
      REQUIRE(one.sequence == ++sequence);
    }
    REQUIRE(got == wanted);
  }
};

std::string RebuiltFingerprint(LaneWorld& world) {
  auto rebuilt = world.NewLane();
  const absl::Status status = rebuilt->RebuildReadOnly();
  INFO(status);
  REQUIRE(status.ok());
  return rebuilt->IndexFingerprint();
}

uint64_t Sequence(Lane& lane) {
  uint64_t sequence = 0;
  lane.Inspect([&](const LaneView& view) { sequence = view.state.head.sequence; });
  return sequence;
}

std::vector<std::filesystem::path> Checkpoints(const LaneWorld& world) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(world.checkpoints())) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

// The provider's quarantine holds this, and nothing else.
void CheckHeldWhole(LaneWorld& world, const catalog::Resource& resource, std::string_view bytes) {
  const auto reader = world.flaky->OpenReader({QuarantineTopic(resource.provider_id), 0}, 0);
  const auto held = (*reader)->Poll({});
  REQUIRE(held->size() == 1);
  CHECK(held->front().body.bytes() == bytes);
}

void FlipMiddle(const std::filesystem::path& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
  file.seekg(at);
  const char byte = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 0x20));
}

}  // namespace

TEST_CASE("a random life of failures, kills and checkpoints") {
  const uint64_t seed = TestSeed();
  INFO("DATONG_SEED=" << seed);
  base::SeededRandom random(seed);
  for (int life = 0; life < 6; ++life) {
    LaneWorld world;
    world.checkpoint_records = 1 + random.Below(100);
    Registry registry{world, random, {}, {}, 0};
    bool failing = false;
    world.flaky->SetFate(
        [&] { return failing && random.Below(3) == 0 ? static_cast<Fate>(1 + random.Below(3)) : Fate::kWell; });
    auto lane = world.RecoveredLane();
    for (int i = 0; i < 120; ++i) {
      switch (random.Below(8)) {
        case 0:
        case 1:
          registry.PublishSome();
          break;
        case 2:
          failing = random.Below(2) == 0;
          break;
        case 3:
          world.clock.Advance(700'000);
          break;
        case 4:
          if (random.Below(4) == 0) lane = world.RecoveredLane();
          break;
        default:
          REQUIRE(lane->Step().kind != base::StepResult::Kind::kFinished);
      }
    }
    failing = false;
    world.Settle(*lane);
    CHECK(lane->trouble().ok());
    registry.RequireDelivered("all");
    CHECK(world.ReadStream("some", "companies").size() == registry.changes);
    CHECK(lane->IndexFingerprint() == RebuiltFingerprint(world));
  }
}

TEST_CASE("a full disk is waited for, and told") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Settle(*lane);
  bool full = true;
  world.flaky->SetFate([&] { return full ? Fate::kDiskFull : Fate::kWell; });
  world.Publish("companies", {{"C1", "n", "a"}});
  const base::StepResult step = lane->Step();
  CHECK(step.kind == base::StepResult::Kind::kIdle);
  CHECK(step.wake_at > 0);
  CHECK(lane->status().ok());
  CHECK(absl::IsResourceExhausted(lane->trouble()));
  CHECK(lane->WriteCheckpoint().ok());
  // Each new holder is a write of its own, which a full disk has no room for.
  const int writers = world.flaky->writers_opened();
  for (int tries = 0; tries < 50; ++tries) {
    if (lane->Step().kind == base::StepResult::Kind::kIdle) world.clock.Advance(2'000'000);
  }
  CHECK(world.flaky->writers_opened() == writers);
  full = false;
  world.Settle(*lane);
  CHECK(lane->trouble().ok());
  CHECK(world.ReadStream("all", "companies").size() == 1);
}

TEST_CASE("what is looked at while a failed commit is being waited out was committed") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Settle(*lane);
  const uint64_t before = Sequence(*lane);
  world.flaky->SetFate([] { return Fate::kLostBefore; });
  world.Publish("companies", {{"C1", "n", "a"}});
  lane->Step();
  CHECK(Sequence(*lane) == before);
  CHECK(lane->IndexFingerprint() == RebuiltFingerprint(world));
}

TEST_CASE("an older holder of the lane can't write any more") {
  LaneWorld world;
  auto older = world.RecoveredLane();
  world.Settle(*older);
  auto newer = world.RecoveredLane();
  world.Publish("companies", {{"C1", "n", "a"}});
  CHECK(older->Step().kind == base::StepResult::Kind::kFinished);
  CHECK(absl::IsAborted(older->status()));
  world.Settle(*newer);
  CHECK(world.ReadStream("all", "companies").size() == 1);
  CHECK(older->Step().kind == base::StepResult::Kind::kFinished);
}

TEST_CASE("a damaged checkpoint is told and passed over; none at all costs time only") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  for (int i = 0; i < 3; ++i) {
    world.Publish("companies", {{"C" + std::to_string(i), "n", "a"}, {"C9", "n", std::to_string(i)}});
    world.Settle(*lane);
    REQUIRE(lane->WriteCheckpoint().ok());
  }
  const std::string fingerprint = lane->IndexFingerprint();
  const uint64_t sequence = Sequence(*lane);
  const auto files = Checkpoints(world);
  REQUIRE(files.size() == 2);
  size_t warned = 0;
  SECTION("the newest") {
    FlipMiddle(files[1]);
    warned = 1;
  }
  SECTION("both") {
    FlipMiddle(files[0]);
    FlipMiddle(files[1]);
    warned = 2;
  }
  SECTION("none left") {
    for (const auto& file : files) std::filesystem::remove(file);
  }
  std::vector<std::string> warnings;
  lane = world.RecoveredLane(&warnings);
  CHECK(warnings.size() == warned);
  CHECK(Sequence(*lane) == sequence);
  CHECK(lane->IndexFingerprint() == fingerprint);
  world.Publish("companies", {{"C9", "n", "2"}, {"C10", "n", "2"}});
  world.Settle(*lane);
  CHECK(world.ReadStream("all", "companies").size() == 7);
}

TEST_CASE("a checkpoint that this version does not understand is told and passed over") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Publish("companies", {{"C1", "n", "a"}, {"C2", "n", "a"}});
  world.Settle(*lane);
  const std::string fingerprint = lane->IndexFingerprint();
  // Sound in itself, and with a section as no version has ever written it.
  REQUIRE(lane->WriteCheckpoint().ok());
  const auto loaded = index::LoadNewestCheckpoint(base::PosixFileSystem(), world.checkpoints(), 0);
  REQUIRE(loaded.ok());
  std::vector<index::CheckpointSection> sections = loaded->sections;
  const auto entities = std::find_if(sections.begin(), sections.end(), [](const index::CheckpointSection& section) {
    return section.name.starts_with("entity/");
  });
  REQUIRE(entities != sections.end());
  ++entities->content[4];  // behind the magic: the version
  REQUIRE(index::WriteCheckpoint(base::PosixFileSystem(), base::NoObserver(), world.checkpoints(), 0, sections).ok());
  std::vector<std::string> warnings;
  lane = world.RecoveredLane(&warnings);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("is not understood") != std::string::npos);
  CHECK(lane->IndexFingerprint() == fingerprint);
  world.Publish("companies", {{"C1", "n", "a"}, {"C3", "n", "a"}});
  world.Settle(*lane);
  CHECK(world.ReadStream("all", "companies").size() == 3);
}

TEST_CASE("a checkpoint that is ahead of the ledger is never gone on from") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Publish("companies", {{"C1", "n", "a"}});
  world.Settle(*lane);
  REQUIRE(lane->WriteCheckpoint().ok());
  // The same checkpoints beside a ledger that never got so far, as after a power cut under the weaker durability.
  LaneWorld other;
  for (const auto& file : Checkpoints(world)) {
    std::filesystem::copy_file(file, std::filesystem::path(other.checkpoints()) / file.filename());
  }
  std::vector<std::string> warnings;
  auto recovered = other.NewLane();
  const absl::Status status = recovered->Recover(false, &warnings);
  INFO(status);
  REQUIRE(status.ok());
  CHECK(warnings.size() == 1);
  other.Publish("companies", {{"C1", "n", "a"}, {"C2", "n", "a"}});
  other.Settle(*recovered);
  CHECK(other.ReadStream("all", "companies").size() == 2);
}

TEST_CASE("a batch that cannot be decoded is kept whole in quarantine and stops nothing") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  const catalog::Resource& companies = *world.table->FindResource("companies");
  world.PublishBytes(companies, 0, "this is no batch");
  world.Publish("companies", {{"C1", "n", "a"}});
  world.Settle(*lane);
  CHECK(world.ReadStream("all", "companies").size() == 1);
  CheckHeldWhole(world, companies, "this is no batch");
  CHECK(lane->IndexFingerprint() == RebuiltFingerprint(world));
}

TEST_CASE("a batch whose verdicts would fit no message is kept whole in quarantine and stops nothing") {
  constexpr size_t kRecords = (size_t{1} << 17) + 1;
  LaneWorld world;
  auto lane = world.RecoveredLane();
  const catalog::Resource& companies = *world.table->FindResource("companies");
  record::RecordBatch batch;
  batch.header = world.HeaderOf(companies, 0);
  record::RecordWriter writer(*companies.schema, world.domain().key);
  for (size_t i = 0; i < kRecords; ++i) {
    const std::string code = std::to_string(i);
    REQUIRE(!writer.Append({code, std::nullopt, std::nullopt}, record::Operation::kUpsert, {0, i + 1}, batch));
  }
  world.PublishBytes(companies, 0, *record::EncodeBatch(batch));
  world.Publish("companies", {{"C1", "n", "a"}});
  world.Settle(*lane);
  CHECK(world.ReadStream("all", "companies").size() == 1);
  CheckHeldWhole(world, companies, *record::EncodeBatch(batch));
  CHECK(lane->IndexFingerprint() == RebuiltFingerprint(world));
}

}  // namespace datong::pipeline
