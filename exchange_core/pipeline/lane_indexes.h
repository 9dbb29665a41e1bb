// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/checkpoint.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/index/event_index.h"
#include "exchange_core/ledger/ledger_entry.h"

namespace datong::pipeline {

// The indexes of one lane: one per (resource, partition), made when first needed.
// Owned by the lane; not thread-safe.
class LaneIndexes {
 public:
  // `salt`: known to nobody outside, so that no publisher can choose keys that crowd together in memory.
  explicit LaneIndexes(uint64_t salt) : salt_(salt) {}

  index::EntityIndex& Entity(uint32_t resource_id, uint32_t partition);
  index::EventIndex& Event(uint32_t resource_id, uint32_t partition, base::TimeUs window_us);
  const index::EntityIndex* FindEntity(uint32_t resource_id, uint32_t partition) const;  // nullptr: none yet
  // The same, or an empty one: looking must not make an index of nothing.
  const index::EntityIndex& SeeEntity(uint32_t resource_id, uint32_t partition) const;
  const index::EventIndex* FindEvent(uint32_t resource_id, uint32_t partition) const;
  // (partition, index) of a resource, ascending.
  std::vector<std::pair<uint32_t, const index::EntityIndex*>> EntitiesOf(uint32_t resource_id) const;

  void Clear();
  void AppendSections(std::vector<index::CheckpointSection>& sections) const;
  // True when the section's name is one of ours. `window_of(resource)` tells an event resource's window.
  absl::Status LoadSection(const index::CheckpointSection& section, const catalog::CatalogTable& catalog);

 private:
  const uint64_t salt_;
  using Place = std::pair<uint32_t, uint32_t>;  // (resource, partition)
  std::map<Place, std::unique_ptr<index::EntityIndex>> entities_;
  std::map<Place, std::unique_ptr<index::EventIndex>> events_;
};

// How long an event resource remembers ids; the default window when the catalog does not know the resource any more.
base::TimeUs WindowOf(const catalog::CatalogTable& catalog, uint32_t resource_id);

}  // namespace datong::pipeline
