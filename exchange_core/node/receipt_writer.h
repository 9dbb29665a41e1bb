// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/node/exchange_state.h"
#include "exchange_core/node/receipt_table.h"
#include "exchange_core/node/writer_identities.h"

namespace datong::node {

// Writes down what one subscription's sink has taken. One holder per subscription: a newer one in this process, or
// whoever leads, fences the older. `state` outlives it. Not thread-safe.
class ReceiptWriter {
 public:
  ReceiptWriter(ExchangeState& state, uint32_t subscription_id, std::string stream_topic)
      : state_(state),
        subscription_id_(subscription_id),
        stream_topic_(std::move(stream_topic)),
        writes_as_(SubscriptionWriter(subscription_id)),
        opening_(state.BeginSession(writes_as_)) {}

  // First the fence, then the look: where the subscription stands is what the receipts say, and nobody else can add to
  // them. Nothing to do while it is known what became of the last receipt.
  absl::Status Settle();
  // Valid after Settle().
  const ReceiptState& acknowledged() const { return acknowledged_; }
  // `now`: as DeliveryReader::After() makes it. Durable when OK. Unavailable: Settle() says what became of it.
  absl::Status Write(ReceiptState now, const std::vector<client::RefusedDelivery>& refused);

 private:
  absl::Status TakeOver();
  absl::Status Commit(const ReceiptState& now, const std::vector<client::RefusedDelivery>& refused);

  ExchangeState& state_;
  const uint32_t subscription_id_;
  const std::string stream_topic_;
  const std::string writes_as_;
  const uint64_t opening_;
  std::unique_ptr<broker::Writer> writer_;  // null: what became of the last receipt is unknown
  ReceiptState acknowledged_;
};

}  // namespace datong::node
