// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "exchange_core/client/exchange_client.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// One subscription's way out: first what was sent again to it alone, then its view's stream from where each lane began
// it. `state` must outlive the session.
absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenDeliverySession(ExchangeState& state,
                                                                             const std::string& subscription);

// A subscription's position as its sink sees it: one growing number over both topics.
inline constexpr uint64_t kInStream = uint64_t{1} << 63;

// How each lane that serves the subscription's resource began it. Empty while some lane has not taken it yet.
struct LaneStart {
  uint64_t start_sequence = 1;
  bool sent_again = false;  // all of what lies behind is in again.<subscription>
};
std::map<uint32_t, LaneStart> LaneStartsOf(ExchangeState& state, uint32_t subscription_id,
                                           const catalog::Resource& resource);

}  // namespace datong::node
