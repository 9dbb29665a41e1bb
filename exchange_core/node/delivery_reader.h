// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "exchange_core/broker/broker.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/node/receipt_table.h"
#include "exchange_core/record/record_schema.h"

namespace datong::node {

// A subscription's position as its sink sees it: one growing number over both topics.
inline constexpr uint64_t kInStream = uint64_t{1} << 63;

// How each lane that serves the subscription's resource began it.
struct LaneStart {
  uint64_t start_sequence = 1;
  bool sent_again = false;  // all of what lies behind is in again.<subscription>
};
using LaneStarts = std::map<uint32_t, LaneStart>;  // empty while some lane has not begun it yet

// Where a subscription stands, as its sink sees it.
uint64_t PositionOf(const ReceiptState& receipt);

// Reads what a subscription is delivered: first what was sent again to it alone, then its view's stream from where each
// lane began it. Needs no more of the exchange than to read these two topics. Not thread-safe.
class DeliveryReader {
 public:
  // `broker` and `schema` outlive it.
  DeliveryReader(broker::Broker& broker, uint32_t subscription_id, std::string stream_topic,
                 const record::RecordSchema& schema)
      : broker_(broker), subscription_id_(subscription_id), stream_topic_(std::move(stream_topic)), schema_(schema) {}

  // Goes on where `acknowledged` says. Once.
  absl::Status Open(const ReceiptState& acknowledged);
  // As client::DeliverySession::Fetch(). `starts`: complete, and never changing but in what is sent again.
  absl::StatusOr<client::DeliverySession::Fetched> Fetch(size_t records_max, const ReceiptState& acknowledged,
                                                         const LaneStarts& starts);
  // What `acknowledged` becomes once everything fetched before `next_position` is applied.
  ReceiptState After(const ReceiptState& acknowledged, uint64_t next_position) const;
  // That is durable now.
  void Forget(uint64_t next_position);

 private:
  // Where the lane's sequences stand behind one fetched message.
  struct Passed {
    uint64_t next_position;  // session position behind the message
    uint32_t lane;
    uint64_t next_sequence;
    bool in_stream;
  };

  absl::StatusOr<bool> ReadSome(size_t records_max, const LaneStarts& starts, client::DeliverySession::Fetched& into);
  absl::StatusOr<size_t> Take(const broker::Message& message, const LaneStarts& starts,
                              client::DeliverySession::Fetched& into);
  static uint64_t PlaceOf(bool in_stream, broker::Position position) {
    return in_stream ? kInStream | position : position;
  }

  broker::Broker& broker_;
  const uint32_t subscription_id_;
  const std::string stream_topic_;
  const record::RecordSchema& schema_;
  std::unique_ptr<broker::Reader> again_reader_;
  std::unique_ptr<broker::Reader> stream_reader_;
  bool in_stream_ = false;
  std::deque<Passed> passed_;  // fetched, not yet acknowledged
};

}  // namespace datong::node
