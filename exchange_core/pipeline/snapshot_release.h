// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/pipeline/due_deletes.h"
#include "exchange_core/pipeline/lane_state.h"
#include "exchange_core/pipeline/route_stage.h"
#include "exchange_core/pipeline/stored_batches.h"
#include "exchange_core/snapshot/snapshot_stage.h"

namespace datong::pipeline {

// What one step of a released snapshot writes.
struct SnapshotWork {
  ledger::v1::SnapshotStep step;
  struct Delivery {
    const catalog::View* view;
    uint64_t first_sequence;
    uint32_t records;
    broker::Position input_position;  // of the batch the content is from
    base::TimeUs receive_time;        // 0: a record of the exchange's own
    broker::Body body;
  };
  std::vector<Delivery> deliveries;
  struct Held {  // records of a batch that are held back after all
    broker::Message input;
    std::vector<uint8_t> verdicts;  // of all its records; the others were delivered or known
  };
  std::vector<Held> quarantined;
};

// Takes one partition of a released snapshot into effect, step by step: first the staged changes, judged again against
// what the index knows by now, in the order they came; then the deletes. Each step reads a bounded number of input
// batches. Made from committed state, so that after a crash the rest comes out; kept between steps because the deletes
// are looked up once. Owned by one lane; not thread-safe.
class SnapshotRelease {
 public:
  // All of it outlives the release. What is later than `as_of` is not deleted.
  SnapshotRelease(broker::Broker& broker, const snapshot::SnapshotStage& stage, base::TimeUs as_of);

  // `index` learns what the step decides: it is ahead of what is durable until the commit lands. The stage does not
  // change: that is TakeStep's, once the step is booked.
  absl::StatusOr<SnapshotWork> Next(const catalog::Resource& resource, const std::vector<const catalog::View*>& views,
                                    uint64_t lane_sequence, const LaneState& state, index::EntityIndex& index);

 private:
  absl::Status Apply(const catalog::Resource& resource, index::EntityIndex& index, SnapshotWork& work);
  absl::Status Delete(const catalog::Resource& resource, index::EntityIndex& index, SnapshotWork& work);
  struct RecordsAt {
    const record::BatchHeader& header;
    const record::RecordColumns& columns;
    std::string_view payload;
    uint64_t position;          // of their batch in the input
    base::TimeUs receive_time;  // 0: nobody sent them
  };
  // They go to every view under their operations, one for each; 0: this one does not.
  absl::Status Route(const catalog::Resource& resource, const RecordsAt& from, const std::vector<uint8_t>& operations,
                     SnapshotWork& work);
  void AddRecord(uint64_t position, uint32_t record, const base::Digest& key, const base::Digest& fingerprint,
                 int64_t version, uint64_t source_order, ledger::Verdict verdict, SnapshotWork& work);

  const snapshot::SnapshotStage& stage_;
  const base::TimeUs as_of_;
  StoredBatches batches_;
  std::optional<std::vector<DueDelete>> due_;  // what is left, in reverse; looked up when the first is needed
  // Of the step being made.
  const std::vector<const catalog::View*>* views_ = nullptr;
  const LaneState* state_ = nullptr;
  std::vector<ledger::Verdict> verdicts_;
  record::BatchHeader admitted_header_;
  record::RecordColumns admitted_;
  RouteStage route_;
};

}  // namespace datong::pipeline
