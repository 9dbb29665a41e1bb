// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "exchange_core/ledger/verdict.h"

namespace datong::pipeline {

// What a start has to do for an entry of the ledger, in eighths of a record that the index learns. Of a record that it
// does not learn only runs of verdicts are read, and, while its snapshot is open, its key is looked up again. So a full
// dump of which little has changed asks for few checkpoints. The entry itself, however small, counts as one record.
inline constexpr uint64_t kReplayWorkPerRecord = 8;

// `verdict_runs`: pairs, as BatchDecision and SnapshotStep have them.
template <typename Repeated>
uint64_t ReplayWorkOf(const Repeated& verdict_runs) {
  uint64_t work = kReplayWorkPerRecord;
  for (int i = 0; i + 1 < verdict_runs.size(); i += 2) {
    const auto verdict = static_cast<ledger::Verdict>(verdict_runs.Get(i));
    work += verdict_runs.Get(i + 1) * (ledger::IsKept(verdict) ? kReplayWorkPerRecord : uint64_t{1});
  }
  return work;
}

}  // namespace datong::pipeline
