// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"

namespace datong::exchange::v1 {
class Receipt;
}

namespace datong::node {

// What a subscription's sink has taken so far.
struct ReceiptState {
  broker::Position again_next = 0;
  broker::Position stream_next = 0;
  struct Lane {
    uint64_t again_next_sequence = 1;
    uint64_t stream_next_sequence = 0;  // 0: nothing of this lane's stream yet (it begins at the lane's start_sequence)
  };
  std::map<uint32_t, Lane> lanes;
  uint64_t refused_total = 0;
  base::TimeUs time = 0;   // of the last receipt
  bool in_stream = false;  // what was sent again is taken; the stream itself is being read
  bool any = false;        // a sink ever acknowledged something
};

// Where every subscription stands: pure state, obtained only by applying the receipts of topic "receipts" in order.
class ReceiptTable {
 public:
  void Apply(const exchange::v1::Receipt& receipt);
  ReceiptState Of(uint32_t subscription_id) const;  // the initial state when there is none

 private:
  std::map<uint32_t, ReceiptState> states_;
};

}  // namespace datong::node
