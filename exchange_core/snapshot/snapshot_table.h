// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "datong/exchange/v1/snapshot_journal.pb.h"
#include "exchange_core/base/clock.h"

namespace datong::snapshot {

// What is known of one snapshot besides what its source's journal says.
struct SnapshotState {
  uint32_t resource_id = 0;
  uint32_t source_id = 0;
  std::map<uint32_t, exchange::v1::SnapshotReport> reports;  // by partition
  std::optional<exchange::v1::SnapshotDecision> decision;    // the last one
  base::TimeUs decided_time = 0;

  bool is_held() const { return decision && decision->action() == exchange::v1::SnapshotDecision::HOLD; }
  bool is_final() const { return decision && !is_held(); }
  bool is_released() const { return decision && decision->action() == exchange::v1::SnapshotDecision::RELEASE; }
  uint64_t rows() const;
};

// What was reported and decided: pure state, obtained only by applying the messages of topic "snapshots" in order.
class SnapshotTable {
 public:
  // DataLoss when the message contradicts the table: a final decision is never followed by another.
  absl::Status Apply(const exchange::v1::SnapshotEvent& event);

  const SnapshotState* Find(uint64_t snapshot) const;
  const std::map<uint64_t, SnapshotState>& snapshots() const { return snapshots_; }
  // The last released one of a source; 0 = none.
  uint64_t LastReleasedOf(uint32_t source_id) const;
  // Those about which nothing was decided yet.
  const std::set<uint64_t>& undecided() const { return undecided_; }

 private:
  std::map<uint64_t, SnapshotState> snapshots_;
  std::set<uint64_t> undecided_;
  std::map<uint32_t, uint64_t> last_released_;  // by source
};

}  // namespace datong::snapshot
