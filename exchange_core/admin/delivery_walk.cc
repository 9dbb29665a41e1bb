// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/delivery_walk.h"

#include <algorithm>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/delivered_batch.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_commit.h"

namespace datong::admin {

DeliveryWalk::DeliveryWalk(node::Exchange& exchange, const catalog::Subscription& subscription,
                           const catalog::View& view)
    : exchange_(exchange),
      subscription_id_(subscription.id),
      schema_(exchange.catalog()->FindResource(view.resource_id)->schema),
      again_name_(pipeline::AgainTopic(subscription.id)),
      stream_name_(view.stream_topic()) {}

absl::Status DeliveryWalk::OpenTopic(const std::string& name, bool from_begin, Topic& topic) {
  // A topic appears when lanes take the catalog version that brings it.
  if (absl::IsNotFound(exchange_.broker().DescribeTopic(name).status())) return absl::OkStatus();
  topic.place = {name, 0};
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, exchange_.broker().Bounds(topic.place));
  ASSIGN_OR_RETURN(topic.reader, exchange_.broker().OpenReader(topic.place, from_begin ? bounds.begin : bounds.end));
  return absl::OkStatus();
}

absl::Status DeliveryWalk::Open(bool from_begin) {
  from_begin_ = from_begin;
  RETURN_IF_ERROR(OpenTopic(again_name_, from_begin, again_));
  return OpenTopic(stream_name_, from_begin, stream_);
}

absl::StatusOr<const broker::Message*> DeliveryWalk::NextMessage(Topic& topic) {
  if (topic.next == topic.messages.size()) {
    topic.messages.clear();
    topic.next = 0;
    auto polled = topic.reader->Poll({.messages_max = 16, .bytes_max = size_t{8} << 20});
    if (absl::IsOutOfRange(polled.status())) {  // dropped while it was read
      incomplete_ = true;
      ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, exchange_.broker().Bounds(topic.place));
      topic.reader->Seek(bounds.begin);
      polled = topic.reader->Poll({.messages_max = 16, .bytes_max = size_t{8} << 20});
    }
    RETURN_IF_ERROR(polled.status());
    topic.messages = *std::move(polled);
  }
  return topic.messages.empty() ? nullptr : &topic.messages[topic.next++];
}

uint64_t DeliveryWalk::StartOf(uint32_t lane) {
  if (const auto known = starts_.find(lane); known != starts_.end()) return known->second;
  if (lane >= exchange_.lanes()) return 0;
  uint64_t start = 0;
  exchange_.InspectLane(lane, [&](const pipeline::LaneView& view) {
    const auto it = view.state.subscriptions.find(subscription_id_);
    if (it != view.state.subscriptions.end()) start = it->second.start_sequence;
  });
  if (start != 0) starts_[lane] = start;
  return start;
}

absl::StatusOr<bool> DeliveryWalk::Next(Delivered& into) {
  // What is sent again comes before the stream in every lane.
  for (const bool again : {true, false}) {
    Topic& topic = again ? again_ : stream_;
    if (topic.reader == nullptr) RETURN_IF_ERROR(OpenTopic(again ? again_name_ : stream_name_, true, topic));
    if (topic.reader == nullptr) continue;
    while (true) {
      ASSIGN_OR_RETURN(const broker::Message* message, NextMessage(topic));
      if (message == nullptr) break;
      ASSIGN_OR_RETURN(into.envelope, pipeline::DecodeDeliveryEnvelope(message->envelope));
      const uint64_t first = into.envelope.first_sequence();
      const uint64_t start = again ? 1 : StartOf(into.envelope.lane());
      if (start == 0 || first + into.envelope.records() <= start) continue;
      RETURN_IF_ERROR(node::DecodeDelivered(into.envelope, message->body.bytes(), *schema_, into.batch));
      into.position = message->position;
      into.first = start > first ? static_cast<size_t>(start - first) : 0;
      into.again = again;
      return true;
    }
  }
  return false;
}

}  // namespace datong::admin
