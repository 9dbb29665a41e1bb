// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "exchange_core/broker/broker.h"
#include "exchange_core/node/receipt_table.h"

namespace datong::admin {

// What sinks said, read anew from their receipts.
struct Receipts {
  node::ReceiptTable table;
  // (subscription, sent again, lane, sequence) -> why the sink refused it
  std::map<std::tuple<uint32_t, bool, uint32_t, uint64_t>, std::string> refusals;

  // "applied", "refused" or "in_flight" for one delivered record; `reason` is set when it was refused.
  const char* FateOf(uint32_t subscription, bool again, uint32_t lane, uint64_t sequence, std::string& reason) const;
};

absl::StatusOr<Receipts> ReadReceipts(broker::Broker& broker);

}  // namespace datong::admin
