// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "datong/exchange/v1/snapshot_journal.pb.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/pipeline/stored_batches.h"
#include "exchange_core/snapshot/snapshot_stage.h"

namespace datong::pipeline {

// What one partition found in a snapshot that has ended: numbers, samples, and where the numbers are alarming, what may
// explain them. Changes nothing. Walks the index once; opens batches for explanations only.
absl::StatusOr<exchange::v1::SnapshotReport> MakeReport(const catalog::Resource& resource,
                                                        const base::DigestKey& domain_key,
                                                        const index::EntityIndex& index,
                                                        const snapshot::SnapshotStage& stage, StoredBatches& batches);

}  // namespace datong::pipeline
