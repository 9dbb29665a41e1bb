// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string_view>

#include "exchange_core/record/record_batch.h"

namespace datong::ledger::v1 {
class DeliveryEnvelope;
}

namespace datong::node {

// The records a delivery stands for: the body decoded, what the envelope does not select left out, operations as
// delivered. DataLoss when envelope and body contradict each other.
absl::Status DecodeDelivered(const ledger::v1::DeliveryEnvelope& envelope, std::string_view body,
                             record::RecordBatch& into);

}  // namespace datong::node
