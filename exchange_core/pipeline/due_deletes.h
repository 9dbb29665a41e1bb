// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/pipeline/stored_batches.h"
#include "exchange_core/snapshot/snapshot_stage.h"

namespace datong::pipeline {

// A key that a snapshot lacks and that is to be deleted: its entry, and where its last content stands.
struct DueDelete {
  uint64_t position = 0;
  uint32_t record = 0;
  uint32_t number = 0;
};

// All of them, by (position, record): in this order each batch is opened once. Walks the whole index; opens batches
// only where the resource has event times. A declared version or an event time later than `as_of` protects a key.
absl::StatusOr<std::vector<DueDelete>> FindDueDeletes(const catalog::Resource& resource,
                                                      const index::EntityIndex& index,
                                                      const snapshot::SnapshotStage& stage, base::TimeUs as_of,
                                                      StoredBatches& batches);

}  // namespace datong::pipeline
