// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/receipt_table.h"

#include "datong/exchange/v1/source_journal.pb.h"

namespace datong::node {

void ReceiptTable::Apply(const exchange::v1::Receipt& receipt) {
  ReceiptState& state = states_[receipt.subscription_id()];
  state.again_next = receipt.again_next();
  state.stream_next = receipt.stream_next();
  for (const auto& lane : receipt.lanes()) {
    state.lanes[lane.lane()] = {lane.again_next_sequence(), lane.stream_next_sequence()};
  }
  state.refused_total = receipt.refused_total();
  state.in_stream = receipt.in_stream();
  if (!receipt.initial()) {
    state.time = receipt.time();
    state.any = true;
  }
}

ReceiptState ReceiptTable::Of(uint32_t subscription_id) const {
  const auto it = states_.find(subscription_id);
  return it == states_.end() ? ReceiptState() : it->second;
}

}  // namespace datong::node
