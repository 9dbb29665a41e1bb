// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "exchange_core/admin/question.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/record/record_batch.h"

namespace datong::admin {

struct PresentEntry {
  uint32_t partition = 0;
  index::EntityEntry entry;
};

// The live entries of an entity resource, over all its partitions, in order of content. Lanes may go on afterwards:
// each partition is true for one moment of its own.
std::vector<PresentEntry> PresentEntries(node::Exchange& exchange, const catalog::Resource& resource);

// Reads the record behind each entry; entries in order of (partition, content), as PresentEntries gives them, open each
// batch once. `use` gets the batch, the record's number in it and the entry. DataLoss when a content is not there.
absl::Status ReadPresent(
    node::Exchange& exchange, const catalog::Resource& resource, const std::vector<PresentEntry>& entries,
    const std::function<absl::Status(const record::RecordBatch&, size_t, const PresentEntry&)>& use);

}  // namespace datong::admin
