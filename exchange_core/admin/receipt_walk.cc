// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/receipt_walk.h"

#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"

namespace datong::admin {

const char* Receipts::FateOf(uint32_t subscription, bool again, uint32_t lane, uint64_t sequence,
                             std::string& reason) const {
  const auto refusal = refusals.find({subscription, again, lane, sequence});
  if (refusal != refusals.end()) {
    reason = refusal->second;
    return "refused";
  }
  const node::ReceiptState state = table.Of(subscription);
  if (again && state.in_stream) return "applied";
  const auto of_lane = state.lanes.find(lane);
  if (of_lane == state.lanes.end()) return "in_flight";
  const uint64_t next = again ? of_lane->second.again_next_sequence : of_lane->second.stream_next_sequence;
  return sequence < next ? "applied" : "in_flight";
}

absl::StatusOr<Receipts> ReadReceipts(broker::Broker& broker) {
  Receipts receipts;
  if (absl::IsNotFound(broker.DescribeTopic(node::kReceiptsTopic).status())) return receipts;
  RETURN_IF_ERROR(node::ReplayControlTopic(broker, node::kReceiptsTopic, [&](std::string_view body) -> absl::Status {
    ASSIGN_OR_RETURN(const exchange::v1::Receipt receipt, node::DecodeReceipt(body));
    receipts.table.Apply(receipt);
    for (const auto& refusal : receipt.refusals()) {
      receipts.refusals[{receipt.subscription_id(), refusal.again(), refusal.lane(), refusal.sequence()}] =
          refusal.reason();
    }
    return absl::OkStatus();
  }));
  return receipts;
}

}  // namespace datong::admin
