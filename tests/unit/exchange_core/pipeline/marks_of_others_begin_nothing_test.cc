// SPDX-License-Identifier: Apache-2.0
// A mark is its publisher's claim: who is not the resource's provider begins no snapshot, ends none and deletes
// nothing, and its rows are unauthorized.
#include <catch2/catch.hpp>

#include "exchange_core/pipeline/lane_snapshots.h"
#include "exchange_core/snapshot/snapshot_codec.h"
#include "tests/unit/exchange_core/pipeline/lane_world.h"

namespace datong::pipeline {
namespace {

constexpr uint64_t kSnapshot = 7;

class Marks {
 public:
  explicit Marks(LaneWorld& world) : world_(world), companies_(*world.table->FindResource("companies")) {}
  void Begin(uint32_t publisher_id) {
    ledger::v1::SnapshotMark mark = Of(publisher_id);
    mark.mutable_begin()->set_file_sequence(9);
    mark.mutable_begin()->set_file("dump.csv");
    mark.mutable_begin()->set_as_of(world_.clock.Now());
    Append(mark);
  }
  void End(uint32_t publisher_id, uint32_t source_id = 1) {
    ledger::v1::SnapshotMark mark = Of(publisher_id);
    mark.set_source_id(source_id);
    mark.mutable_end()->set_complete(true);
    Append(mark);
  }
  size_t open(Lane& lane) const {
    size_t stages = 0;
    lane.Inspect([&](const LaneView& view) { stages = view.snapshots.stages().size(); });
    return stages;
  }

 private:
  static ledger::v1::SnapshotMark Of(uint32_t publisher_id) {
    ledger::v1::SnapshotMark mark;
    mark.set_snapshot(kSnapshot);
    mark.set_source_id(1);
    mark.set_publisher_id(publisher_id);
    return mark;
  }
  void Append(const ledger::v1::SnapshotMark& mark) {
    const auto writer = world_.engine().OpenWriter("source");
    const auto transaction = (*writer)->Begin();
    for (uint32_t partition = 0; partition < companies_.partitions; ++partition) {
      (*transaction)->Append({companies_.publish_topic(), partition}, "", snapshot::EncodeMark(mark), broker::Body());
    }
    REQUIRE((*transaction)->Commit().ok());
  }

  LaneWorld& world_;
  const catalog::Resource& companies_;
};

TEST_CASE("a foreign department's snapshot is none") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Publish("companies", {{"C1", "n", "a"}, {"C2", "n", "a"}});
  world.Settle(*lane);
  const uint32_t own = world.table->FindResource("companies")->provider_id;
  const uint32_t foreign = world.table->FindDepartment("tax")->id;
  REQUIRE(foreign != own);
  Marks marks(world);
  marks.Begin(foreign);
  record::RecordBatch batch;
  batch.header = world.HeaderOf(*world.table->FindResource("companies"), 0);
  batch.header.publisher_id = foreign;
  batch.header.snapshot_id = batch.header.publisher_epoch = kSnapshot;
  record::RecordWriter writer(*world.table->FindResource("companies")->schema, world.domain().key);
  REQUIRE(!writer.Append({"C1", "n", "theirs"}, record::Operation::kUpsert, {0, 1}, batch));
  world.PublishBytes(*world.table->FindResource("companies"), 0, *record::EncodeBatch(batch));
  marks.End(foreign);
  world.Settle(*lane);
  CHECK(marks.open(*lane) == 0);
  CHECK(world.ReadStream("all", "companies").size() == 2);
  uint64_t unauthorized = 0;
  lane->Inspect([&](const LaneView& view) {
    for (const auto& [id, verdicts] : view.state.resources) {
      const auto found = verdicts.find(ledger::Verdict::kUnauthorized);
      if (found != verdicts.end()) unauthorized += found->second;
    }
  });
  CHECK(unauthorized == 1);
}

TEST_CASE("a snapshot is ended by who began it") {
  LaneWorld world;
  auto lane = world.RecoveredLane();
  world.Settle(*lane);
  const uint32_t own = world.table->FindResource("companies")->provider_id;
  const uint32_t foreign = world.table->FindDepartment("tax")->id;
  Marks marks(world);
  marks.Begin(own);
  marks.Begin(own);
  marks.End(foreign);
  marks.End(own, 2);
  world.Settle(*lane);
  REQUIRE(marks.open(*lane) == 2);  // one in each partition
  lane->Inspect([](const LaneView& view) {
    for (const auto& [place, stage] : view.snapshots.stages()) CHECK(stage->phase() == snapshot::StagePhase::kOpen);
  });
}

}  // namespace
}  // namespace datong::pipeline
