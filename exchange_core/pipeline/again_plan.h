// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/ledger/ledger_entry.h"

namespace datong::pipeline {

// What a lane has to send again to a subscription that starts with the past: which records of which stored input
// batches, in order. Made from committed state only, so that after a crash the same plan comes out and a cursor says
// how much of it is done.
struct AgainStep {
  uint32_t partition = 0;
  broker::Position position = 0;  // of the input batch in pub.<resource>
  uint64_t cursor_position = 0;   // present state: = position; history: lane sequence of the deciding entry
  std::vector<std::pair<uint32_t, uint8_t>> records;  // (record number ascending, operation to deliver it as)
};
using AgainPlan = std::vector<AgainStep>;

// The present state: each live entry as an insert, by (partition, position).
// `indexes`: (partition, index) of the lane, ascending.
AgainPlan PlanPresentState(const std::vector<std::pair<uint32_t, const index::EntityIndex*>>& indexes);

// Everything accepted so far, in the ledger's order, from the entries of `lane` before `before_sequence`.
absl::StatusOr<AgainPlan> PlanHistory(broker::Broker& broker, uint32_t lane, uint32_t resource_id,
                                      uint64_t before_sequence);

// Drops what the cursor says is done. `history`: the plan is ordered by cursor_position alone.
void SkipDone(bool history, uint32_t cursor_partition, uint64_t cursor_position, AgainPlan& plan);

}  // namespace datong::pipeline
