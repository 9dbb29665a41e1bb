// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/snapshot/snapshot_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace datong::snapshot {

uint64_t SnapshotState::rows() const {
  uint64_t rows = 0;
  for (const auto& [partition, report] : reports) rows += report.rows();
  return rows;
}

absl::Status SnapshotTable::Apply(const exchange::v1::SnapshotEvent& event) {
  SnapshotState& state = snapshots_[event.snapshot()];
  // Reports from before the run was known, under a number that somebody made up: the run's own take their place.
  if (!state.decision && (state.resource_id != event.resource_id() || state.source_id != event.source_id())) state = {};
  state.resource_id = event.resource_id();
  state.source_id = event.source_id();
  if (!state.decision) undecided_.insert(event.snapshot());
  if (event.has_report()) {
    state.reports[event.report().partition()] = event.report();
    return absl::OkStatus();
  }
  if (!event.has_decision()) {
    return absl::DataLossError(absl::StrCat("topic snapshots: a message about snapshot ", event.snapshot(),
                                            " says nothing this version knows"));
  }
  if (state.is_final()) {
    return absl::DataLossError(absl::StrCat("topic snapshots: snapshot ", event.snapshot(), " is decided twice"));
  }
  state.decision = event.decision();
  undecided_.erase(event.snapshot());
  state.decided_time = event.time();
  if (state.is_released()) {
    uint64_t& last = last_released_[event.source_id()];
    last = std::max(last, event.snapshot());
  }
  return absl::OkStatus();
}

const SnapshotState* SnapshotTable::Find(uint64_t snapshot) const {
  const auto found = snapshots_.find(snapshot);
  return found == snapshots_.end() ? nullptr : &found->second;
}

uint64_t SnapshotTable::LastReleasedOf(uint32_t source_id) const {
  const auto found = last_released_.find(source_id);
  return found == last_released_.end() ? 0 : found->second;
}

}  // namespace datong::snapshot
