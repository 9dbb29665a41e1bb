// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "exchange_core/ledger/ledger_entry.h"
#include "tests/simulation/witness.h"

namespace datong::simulation {

// A lane's ledger as the witness saw it, from the first entry on.
struct LaneLedger {
  uint32_t lane = 0;
  ledger::ChainHead head;  // of the last entry that held
  absl::Status status;     // why reading ended before the end
};

// Calls `look` for every entry, with the message it stands in, lane by lane, in the order of the chain. A lane's
// reading ends where its chain breaks.
std::vector<LaneLedger> ReadLedgers(
    const Witness& witness, const std::function<void(const ledger::v1::LedgerEntry&, const Witness::Message&)>& look);
std::vector<LaneLedger> ReadLedgers(const Witness& witness,
                                    const std::function<void(const ledger::v1::LedgerEntry&)>& look);

}  // namespace datong::simulation
