// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string_view>

#include "exchange_core/record/record_batch.h"
#include "exchange_core/record/record_schema.h"

namespace datong::ledger::v1 {
class DeliveryEnvelope;
}

namespace datong::node {

// The records a delivery stands for: the body decoded, what the envelope does not select left out, operations as
// delivered. DataLoss when envelope and body contradict each other.
// `schema`: of the resource, with the items that the stream's view lets through at least; looked at where a body is one
// record in JSON.
absl::Status DecodeDelivered(const ledger::v1::DeliveryEnvelope& envelope, std::string_view body,
                             const record::RecordSchema& schema, record::RecordBatch& into);

}  // namespace datong::node
