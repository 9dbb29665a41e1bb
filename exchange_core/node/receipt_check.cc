// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/receipt_check.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/pipeline/lane_commit.h"

namespace datong::node {
namespace {

struct Given {
  uint64_t start_sequence = 1;        // of the stream
  uint64_t again_next_sequence = 1;   // behind the last that was sent again
  uint64_t stream_next_sequence = 1;  // behind the last in the stream
};

Given GivenBy(pipeline::Lane& lane, const SubscriptionFacts& subscription) {
  Given given;
  lane.Inspect([&](const pipeline::LaneView& view) {
    const auto own = view.state.subscriptions.find(subscription.id);
    if (own != view.state.subscriptions.end()) {
      given.start_sequence = own->second.start_sequence;
      given.again_next_sequence = own->second.again_next_sequence;
    }
    const auto stream = view.state.streams.find(subscription.view_id);
    if (stream != view.state.streams.end()) given.stream_next_sequence = stream->second.next_sequence;
  });
  return given;
}

bool Exceeds(const ReceiptState::Lane& says, const Given& given) {
  return says.again_next_sequence > given.again_next_sequence ||
         says.stream_next_sequence > std::max(given.stream_next_sequence, given.start_sequence);
}

}  // namespace

absl::Status CheckReceipt(ExchangeState& state, const SubscriptionFacts& subscription, const ReceiptState& before,
                          const ReceiptState& now, size_t refused) {
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("a receipt that cannot be: ", what));
  };
  if (before.in_stream && !now.in_stream) return wrong("it goes back to what was sent again");
  const broker::TopicPartition read{now.in_stream ? subscription.stream_topic : pipeline::AgainTopic(subscription.id),
                                    0};
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, state.options.broker->Bounds(read));
  if ((now.in_stream ? now.stream_next : now.again_next) > bounds.end) return wrong("its place lies behind the end");
  uint64_t taken = 0;
  for (const auto& [number, says] : now.lanes) {
    if (number >= state.lanes.size()) return wrong(absl::StrCat("there is no lane ", number));
    pipeline::Lane& lane = *state.lanes[number];
    Given given = GivenBy(lane, subscription);
    if (Exceeds(says, given)) {
      // Another process works on the lane, and its ledger may be read here a moment later than its stream there.
      RETURN_IF_ERROR(lane.CatchUp());
      given = GivenBy(lane, subscription);
    }
    const auto known = before.lanes.find(number);
    ReceiptState::Lane last = known == before.lanes.end() ? ReceiptState::Lane() : known->second;
    if (Exceeds(says, given) || says.again_next_sequence < last.again_next_sequence ||
        says.stream_next_sequence < last.stream_next_sequence ||
        (says.stream_next_sequence != 0 && says.stream_next_sequence < given.start_sequence)) {
      return wrong(absl::StrCat("lane ", number, " up to record ", says.again_next_sequence, " sent again and ",
                                says.stream_next_sequence, " of its stream; it was given ", given.again_next_sequence,
                                " and ", given.stream_next_sequence));
    }
    taken += says.again_next_sequence - last.again_next_sequence;
    if (says.stream_next_sequence != 0) {
      taken += says.stream_next_sequence -
               (last.stream_next_sequence == 0 ? given.start_sequence : last.stream_next_sequence);
    }
  }
  if (refused > taken) return wrong(absl::StrCat("it refuses ", refused, " of ", taken, " records"));
  return absl::OkStatus();
}

}  // namespace datong::node
