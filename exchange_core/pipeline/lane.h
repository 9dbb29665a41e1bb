// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/index/event_index.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/pipeline/lane_indexes.h"
#include "exchange_core/pipeline/lane_snapshots.h"
#include "exchange_core/pipeline/lane_state.h"

namespace datong::pipeline {

// What may be looked at from outside between two steps.
struct LaneView {
  const LaneState& state;
  // nullptr when the lane does not serve that partition or the resource is of the other kind.
  std::function<const index::EntityIndex*(uint32_t resource_id, uint32_t partition)> entity_index;
  std::function<const index::EventIndex*(uint32_t resource_id, uint32_t partition)> event_index;
  const LaneSnapshots& snapshots;
  bool works = true;  // this process works on it; else what is seen may be a moment old
};

// What was decided about a snapshot that this lane has reported on.
struct SnapshotRuling {
  enum class Action : uint8_t { kNone, kHeld, kReleased, kDropped, kStale };
  Action action = Action::kNone;
  // kReleased, where the dump's own rows say which moment it speaks of: that moment, over all partitions. Else nothing.
  std::optional<base::TimeUs> as_of_of_rows;
};

struct LaneOptions {
  uint32_t lane = 0;
  uint32_t lanes = 1;
  broker::Broker* broker = nullptr;
  base::Clock* clock = nullptr;
  base::FileSystem* files = nullptr;
  base::StepObserver* steps = nullptr;
  std::string checkpoint_directory;
  uint64_t index_salt = 0;                     // random; no stored byte depends on it
  uint64_t checkpoint_records = 2'000'000;     // to replay since the last one, as replay_work.h weighs them
  size_t commit_bytes_max = size_t{16} << 20;  // input per commit
  size_t commit_batches_max = 128;
  // Decompressed payload per commit, of batches that have to be opened; the one that crosses it still passes.
  size_t commit_payload_bytes_max = size_t{64} << 20;
  // The newest catalog the node has applied.
  std::function<std::shared_ptr<const catalog::CatalogTable>()> catalog;
  // What was decided about a snapshot of a resource, as far as it is known; from any thread.
  std::function<SnapshotRuling(uint64_t snapshot, uint32_t resource_id)> snapshot_ruling;
  // Where several processes share the lanes: whether this one is to work on it at this moment; any thread. Without it:
  // always. A lane that another process works on follows its ledger, ready to take over.
  std::function<bool()> is_ours;
  // With is_ours: whether this process may fence another one for it now; any thread. Without it: always. One that may
  // have been taken for dead would only fence who has the lane by now, and be fenced by him again.
  std::function<bool()> may_take_over;
  // With is_ours: brings what catalog() gives to the end of the catalog's topic.
  std::function<absl::Status()> follow_catalog;
  bool checkpoints_shared = false;  // the directory is also that of others: who only follows writes none
  // The catalog as it was at a version: replay needs to know resources by id only, so the newest table serves.
};

// Whether any of the resource's partitions belongs to the lane.
bool LaneServes(uint32_t lane, uint32_t lanes, const catalog::Resource& resource);

// One lane: reads its inputs, judges, commits; the only writer of its ledger partition.
//
// Recover() loads the newest checkpoint and replays the ledger behind it; then Step() may be called, by one thread at a
// time. After a failed commit the lane stops (status() tells why): its memory may be ahead of what is durable, so it
// must be recovered anew before it may go on.
//
// Where processes share the lanes, each has all of them. The one whose lane it is (LaneOptions::is_ours) works; it has
// taken the lane over by fencing, so there is never a second writer, whatever anybody believes. The others read the
// ledger as it grows: their memory is a moment old, and to take over is to fence and to read that moment.
class Lane final : public base::Worker {
 public:
  explicit Lane(const LaneOptions& options);
  ~Lane() override;

  // `ignore_checkpoints`: replay the whole ledger. Fences an older holder of this lane, if it is ours.
  absl::Status Recover(bool ignore_checkpoints, std::vector<std::string>* warnings);
  // As Recover, without taking the lane over: for comparing a rebuilt index.
  absl::Status RebuildReadOnly();

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;

  absl::Status status();   // why it stopped for good; thread-safe
  absl::Status trouble();  // as status, or what it waits for to pass (a full disk); thread-safe
  void Inspect(const std::function<void(const LaneView&)>& look);  // thread-safe; waits for the current step
  // What is decided, though it may not be committed yet, and may even have to be decided again. False, and no look: it
  // is not this process that decides. Thread-safe; waits for deciding, not for the disk.
  bool InspectDecided(const std::function<void(const LaneIndexes&, const LaneSnapshots&)>& look);
  absl::Status WriteCheckpoint();  // thread-safe; waits for the current step
  // Brings one that follows to where its ledger stands now; nothing to do for one that works. Unavailable: it could not
  // be brought there. Thread-safe; waits for the current step.
  absl::Status CatchUp();
  bool works();  // here; thread-safe
  // Drops input that neither decisions, present state nor history (receive time >= keep_since) need.
  absl::Status Retain(base::TimeUs keep_since);  // thread-safe; waits for the current step
  // Checkpoint sections of the indexes: equal for equal indexes.
  std::string IndexFingerprint();  // thread-safe; waits for the current step

 private:
  struct Impl;
  std::string name_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace datong::pipeline
