// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "exchange_core/node/exchange.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// One line for every snapshot ever begun, oldest first: from the sources' journal, what the partitions reported and
// what was decided; what has become of its rows from the lanes' books.
std::vector<SnapshotBooks> ComputeSnapshots(ExchangeState& state);

}  // namespace datong::node
