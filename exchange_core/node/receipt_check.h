// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstddef>

#include "exchange_core/node/delivery_session.h"
#include "exchange_core/node/exchange_state.h"
#include "exchange_core/node/receipt_table.h"

namespace datong::node {

// What a sink elsewhere says it has taken, held against what it was given: it goes forward, not beyond that, and
// refuses no more than it took. The books would not balance else. InvalidArgument: it is not so.
absl::Status CheckReceipt(ExchangeState& state, const SubscriptionFacts& subscription, const ReceiptState& before,
                          const ReceiptState& now, size_t refused);

}  // namespace datong::node
