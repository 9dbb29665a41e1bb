// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"

namespace datong::benchmarks {

// The broker's contract kept in memory: nothing is durable and nothing is copied, so what is measured over it is what
// stands above it. `clock` outlives it. Positions are 1, 2, 3, ...: no gaps.
std::unique_ptr<broker::Broker> NewMemoryBroker(base::Clock& clock);

}  // namespace datong::benchmarks
