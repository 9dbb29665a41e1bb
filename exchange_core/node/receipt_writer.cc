// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/receipt_writer.h"

#include <absl/strings/str_cat.h>

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/printable.h"

namespace datong::node {
namespace {

constexpr size_t kReasonBytesMax = 500;
constexpr size_t kReasonBytesPerReceipt = size_t{4} << 20;  // a receipt must fit a message

exchange::v1::Receipt ReceiptOf(uint32_t subscription_id, const ReceiptState& now,
                                const std::vector<client::RefusedDelivery>& refused) {
  exchange::v1::Receipt receipt;
  receipt.set_subscription_id(subscription_id);
  receipt.set_again_next(now.again_next);
  receipt.set_stream_next(now.stream_next);
  receipt.set_in_stream(now.in_stream);
  receipt.set_refused_total(now.refused_total);
  for (const auto& [number, lane] : now.lanes) {
    auto* to = receipt.add_lanes();
    to->set_lane(number);
    to->set_again_next_sequence(lane.again_next_sequence);
    to->set_stream_next_sequence(lane.stream_next_sequence);
  }
  size_t reason_bytes = 0;
  for (const client::RefusedDelivery& one : refused) {
    if (reason_bytes > kReasonBytesPerReceipt) break;  // refused_total counts all
    auto* to = receipt.add_refusals();
    to->set_lane(one.lane);
    to->set_sequence(one.sequence);
    to->set_reason(record::Printable(one.reason, kReasonBytesMax));
    reason_bytes += to->ByteSizeLong();
    to->set_again(!now.in_stream);
  }
  return receipt;
}

}  // namespace

absl::Status ReceiptWriter::Settle() { return writer_ == nullptr ? TakeOver() : absl::OkStatus(); }

absl::Status ReceiptWriter::TakeOver() {
  if (!state_.IsNewestSession(writes_as_, opening_)) {
    return absl::AbortedError(absl::StrCat(writes_as_, " was opened anew in this process"));
  }
  ASSIGN_OR_RETURN(auto writer, state_.options.broker->OpenWriter(writes_as_));
  RETURN_IF_ERROR(state_.ConfirmHolder());
  RETURN_IF_ERROR(state_.receipts_tail.CatchUp());
  writer_ = std::move(writer);
  acknowledged_ = state_.ReceiptOf(subscription_id_);
  return absl::OkStatus();
}

absl::Status ReceiptWriter::Write(ReceiptState now, const std::vector<client::RefusedDelivery>& refused) {
  now.refused_total += refused.size();
  const absl::Status written = Commit(now, refused);
  if (absl::IsUnavailable(written) || absl::IsAborted(written)) writer_.reset();
  if (absl::IsAborted(written)) {
    // By a session that is to have the subscription, or by a process that was asleep when it lost the exchange.
    RETURN_IF_ERROR(TakeOver());
    return absl::UnavailableError(absl::StrCat(written.message(), "; opened again"));
  }
  RETURN_IF_ERROR(written);
  acknowledged_ = std::move(now);
  return absl::OkStatus();
}

absl::Status ReceiptWriter::Commit(const ReceiptState& now, const std::vector<client::RefusedDelivery>& refused) {
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  exchange::v1::Receipt receipt = ReceiptOf(subscription_id_, now, refused);
  receipt.set_time(state_.options.clock->Now());
  transaction->Append({kReceiptsTopic, 0}, "", "", broker::Body(EncodeReceipt(receipt)));
  const broker::TopicPartition read{now.in_stream ? stream_topic_ : pipeline::AgainTopic(subscription_id_), 0};
  transaction->AdvancePosition(writes_as_, read, now.in_stream ? now.stream_next : now.again_next);
  RETURN_IF_ERROR(transaction->Commit());
  state_.options.steps->Reached("receipt.committed");
  return absl::OkStatus();
}

}  // namespace datong::node
