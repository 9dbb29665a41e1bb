// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// Where lanes stand in what is published, and subscriptions in what is delivered to them: what lies before these places
// may go, what lies behind them must not.
std::vector<broker::PlaceOfReader> PlacesOfReaders(ExchangeState& state);

absl::StatusOr<std::vector<broker::HealthWarning>> AskEngineHealth(ExchangeState& state);

}  // namespace datong::node
