// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/record_batch.h"

namespace datong::index {

// Which record ids of one (event resource, partition) were seen within the window. Buckets of log time (the entry's
// commit time, never the wall clock); a whole bucket is dropped when its youngest id is older than the window. Owned by
// one lane; not thread-safe.
class EventIndex {
 public:
  // `window_us` is split into 16 buckets. `salt`: see EntityIndex.
  explicit EventIndex(base::TimeUs window_us, uint64_t salt = 0);
  ~EventIndex();

  struct Sighting {
    uint64_t lane_sequence = 0;
    uint32_t record = 0;
  };

  // Judges every record whose verdict is kUndecided: unknown id -> inserted, else duplicate. `commit_time` never
  // decreases (an earlier one counts as the latest). What is out of the window at `commit_time` is dropped first, so a
  // decision does not depend on whether earlier calls dropped it. kUnreadable records become kUnreadableRow.
  void Decide(const record::RecordColumns& columns, const BatchPlace& place, base::TimeUs commit_time,
              std::span<ledger::Verdict> verdicts);
  void Replay(const ledger::AdmittedColumns& admitted, const BatchPlace& place, base::TimeUs commit_time);

  std::optional<Sighting> Find(const base::Digest& id) const;
  size_t size() const;
  size_t memory_bytes() const;
  void Serialize(std::string& out) const;
  absl::Status Load(std::string_view section);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace datong::index
