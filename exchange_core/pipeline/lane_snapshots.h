// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/checkpoint.h"
#include "exchange_core/pipeline/lane_indexes.h"
#include "exchange_core/snapshot/snapshot_stage.h"

namespace datong::ledger::v1 {
class SnapshotMarkTaken;
class SnapshotReported;
class SnapshotStep;
}  // namespace datong::ledger::v1

namespace datong::pipeline {

// The snapshots that are open in one lane: one stage per (resource, partition, snapshot). Opened, moved on and closed
// by ledger entries alone, by the lane that decides and by the one that replays alike. Owned by the lane; not
// thread-safe.
class LaneSnapshots {
 public:
  using Place = std::tuple<uint32_t, uint32_t, uint64_t>;  // (resource, partition, snapshot)

  snapshot::SnapshotStage* Find(uint32_t resource_id, uint32_t partition, uint64_t snapshot) const;
  // The snapshot that a batch says it is part of, while its rows are coming; nullptr when there is no such one, or it
  // is another publisher's, source's or reading's.
  struct Claim {
    uint32_t resource_id, partition;
    uint64_t snapshot;
    uint32_t publisher_id, source_id;
    uint64_t publisher_epoch;
  };
  snapshot::SnapshotStage* FindOpen(const Claim& claim) const;
  const std::map<Place, std::unique_ptr<snapshot::SnapshotStage>>& stages() const { return stages_; }
  // First position of the partition's input that some stage still needs; UINT64_MAX: none.
  uint64_t OldestNeeded(uint32_t resource_id, uint32_t partition) const;

  // Why the mark counts for nothing; "" when it counts. `resource`: nullptr = unknown.
  std::string ProblemOf(const ledger::v1::SnapshotMarkTaken& taken, const catalog::Resource& resource) const;
  void TakeMark(const ledger::v1::SnapshotMarkTaken& taken);
  void TakeReported(const ledger::v1::SnapshotReported& reported);
  // `index` has learned the step already.
  void TakeStep(const ledger::v1::SnapshotStep& step, const index::EntityIndex& index);

  // After a replay: reads what the open snapshots have seen from the input again. NotFound: it is gone, which can only
  // be when the snapshot was done meanwhile by somebody else.
  absl::Status ReadAgain(broker::Broker& broker, const LaneIndexes& indexes);

  void Clear() { stages_.clear(); }
  void AppendSections(const LaneIndexes& indexes, std::vector<index::CheckpointSection>& sections) const;
  static bool IsSection(const std::string& name);
  absl::Status LoadSection(const index::CheckpointSection& section);

 private:
  size_t OpenIn(uint32_t resource_id, uint32_t partition) const;

  std::map<Place, std::unique_ptr<snapshot::SnapshotStage>> stages_;
};

// Makes the index learn what a step decided, when it is decided and when it is replayed.
absl::Status LearnStep(const ledger::v1::SnapshotStep& step, uint64_t lane_sequence, index::EntityIndex& index);

}  // namespace datong::pipeline
