// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "exchange_core/node/exchange.h"
#include "exchange_core/node/exchange_state.h"

// The books, computed when asked from what lanes, sources and sinks each wrote down for themselves. The equations are
// in design and docs/life_of_a_record.md; each side of one comes from another hand, so that a balance means something.
namespace datong::node {

Books ComputeBooks(ExchangeState& state);
std::vector<RunBooks> ComputeRuns(ExchangeState& state);
absl::StatusOr<std::vector<SubscriptionLag>> ComputeLag(ExchangeState& state);

}  // namespace datong::node
