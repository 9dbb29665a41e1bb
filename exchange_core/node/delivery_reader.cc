// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/delivery_reader.h"

#include <algorithm>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/delivered_batch.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_commit.h"

namespace datong::node {

uint64_t PositionOf(const ReceiptState& receipt) {
  return receipt.in_stream ? kInStream | receipt.stream_next : receipt.again_next;
}

absl::Status DeliveryReader::Open(const ReceiptState& acknowledged) {
  in_stream_ = acknowledged.in_stream;
  ASSIGN_OR_RETURN(again_reader_,
                   broker_.OpenReader({pipeline::AgainTopic(subscription_id_), 0}, acknowledged.again_next));
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker_.Bounds({stream_topic_, 0}));
  const broker::Position from = std::max(acknowledged.stream_next, acknowledged.any ? 0 : bounds.begin);
  ASSIGN_OR_RETURN(stream_reader_, broker_.OpenReader({stream_topic_, 0}, from));
  return absl::OkStatus();
}

absl::StatusOr<client::DeliverySession::Fetched> DeliveryReader::Fetch(size_t records_max,
                                                                       const ReceiptState& acknowledged,
                                                                       const LaneStarts& starts) {
  client::DeliverySession::Fetched fetched;
  fetched.next_position = passed_.empty() ? PositionOf(acknowledged) : passed_.back().next_position;
  if (starts.empty()) return fetched;
  // Said before reading: what was complete then is read to its end below.
  const bool again_complete =
      std::all_of(starts.begin(), starts.end(), [](const auto& start) { return start.second.sent_again; });
  if (!in_stream_) {
    // That it is complete may have been read in another process's ledger, before the last of it can be read here.
    if (again_complete) {
      const auto bounds = broker_.Bounds({pipeline::AgainTopic(subscription_id_), 0});
      RETURN_IF_ERROR(bounds.status());
    }
    ASSIGN_OR_RETURN(const bool something, ReadSome(records_max, starts, fetched));
    if (something || !again_complete) return fetched;
    in_stream_ = true;
  }
  RETURN_IF_ERROR(ReadSome(records_max, starts, fetched).status());
  return fetched;
}

absl::StatusOr<bool> DeliveryReader::ReadSome(size_t records_max, const LaneStarts& starts,
                                              client::DeliverySession::Fetched& into) {
  broker::Reader& reader = in_stream_ ? *stream_reader_ : *again_reader_;
  size_t records = 0;
  broker::ReadLimits limits;
  while (records < records_max) {
    const auto messages = reader.Poll(limits);
    if (!messages.ok()) return records > 0 ? absl::StatusOr<bool>(true) : messages.status();
    if (messages->empty()) break;
    for (const broker::Message& message : *messages) {
      absl::StatusOr<size_t> taken = Take(message, starts, into);
      if (!taken.ok()) {
        // What was read before the trouble is handed over; the next call begins at it.
        reader.Seek(message.position);
        return records > 0 ? absl::StatusOr<bool>(true) : taken.status();
      }
      records += *taken;
    }
  }
  return records > 0;
}

// How many of the message's records are the subscription's: all or none.
absl::StatusOr<size_t> DeliveryReader::Take(const broker::Message& message, const LaneStarts& starts,
                                            client::DeliverySession::Fetched& into) {
  ASSIGN_OR_RETURN(const auto envelope, pipeline::DecodeDeliveryEnvelope(message.envelope));
  const uint64_t next_position = PlaceOf(in_stream_, message.position + 1);
  if (in_stream_) {
    const auto start = starts.find(envelope.lane());
    // Before its start in that lane: belongs to older subscriptions, or was sent again.
    if (start == starts.end() || envelope.first_sequence() < start->second.start_sequence) {
      into.next_position = next_position;
      return 0;
    }
  }
  client::Delivery delivery;
  delivery.position = PlaceOf(in_stream_, message.position);
  delivery.lane = envelope.lane();
  delivery.first_sequence = envelope.first_sequence();
  delivery.receive_time = envelope.receive_time();
  RETURN_IF_ERROR(DecodeDelivered(envelope, message.body.bytes(), schema_, delivery.batch));
  const size_t records = delivery.batch.size();
  into.next_position = next_position;
  passed_.push_back({next_position, envelope.lane(), envelope.first_sequence() + records, in_stream_});
  into.deliveries.push_back(std::move(delivery));
  return records;
}

ReceiptState DeliveryReader::After(const ReceiptState& acknowledged, uint64_t next_position) const {
  ReceiptState now = acknowledged;
  for (const Passed& passed : passed_) {
    if (passed.next_position > next_position) break;
    if (passed.next_position <= PositionOf(acknowledged)) continue;
    ReceiptState::Lane& lane = now.lanes[passed.lane];
    (passed.in_stream ? lane.stream_next_sequence : lane.again_next_sequence) = passed.next_sequence;
  }
  now.in_stream = (next_position & kInStream) != 0;
  (now.in_stream ? now.stream_next : now.again_next) = next_position & ~kInStream;
  now.any = true;
  return now;
}

void DeliveryReader::Forget(uint64_t next_position) {
  while (!passed_.empty() && passed_.front().next_position <= next_position) passed_.pop_front();
}

}  // namespace datong::node
