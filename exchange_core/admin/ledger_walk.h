// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/broker/broker.h"

namespace datong::admin {

// Every entry of a lane's ledger, oldest first, its chain checked on the way. `visit` may stop it with an error.
absl::Status WalkLedger(broker::Broker& broker, uint32_t lane,
                        const std::function<absl::Status(const ledger::v1::LedgerEntry&)>& visit);

}  // namespace datong::admin
