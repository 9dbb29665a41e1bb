// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/record/record_batch.h"

namespace datong::admin {

// Reads what a subscription receives beside its own session: what was sent again to it alone, then its stream from
// where it begins in each lane. Moves no position of anybody. Not thread-safe.
class DeliveryWalk {
 public:
  struct Delivered {
    ledger::v1::DeliveryEnvelope envelope;
    record::RecordBatch batch;  // selected records only, operations as delivered
    broker::Position position = 0;
    size_t first = 0;  // records before it are not for this subscription
    bool again = false;
  };

  // The view's resource must be in the catalog.
  DeliveryWalk(node::Exchange& exchange, const catalog::Subscription& subscription, const catalog::View& view);

  // From the oldest that is kept, or from what comes from now on.
  absl::Status Open(bool from_begin);
  // The next one; false when there is none at the moment. `into` is reused memory.
  absl::StatusOr<bool> Next(Delivered& into);
  // Messages that were dropped between the start and what is kept: what was read is not all.
  bool incomplete() const { return incomplete_; }

 private:
  struct Topic {
    broker::TopicPartition place;
    std::unique_ptr<broker::Reader> reader;
    std::vector<broker::Message> messages;
    size_t next = 0;
  };

  absl::Status OpenTopic(const std::string& name, bool from_begin, Topic& topic);
  absl::StatusOr<const broker::Message*> NextMessage(Topic& topic);
  // Sequence from which the lane's part of the stream is the subscription's; 0 when it has not begun there.
  uint64_t StartOf(uint32_t lane);

  node::Exchange& exchange_;
  const uint32_t subscription_id_;
  const std::shared_ptr<const record::RecordSchema> schema_;
  const std::string again_name_, stream_name_;
  Topic again_, stream_;
  std::map<uint32_t, uint64_t> starts_;
  bool from_begin_ = true;
  bool incomplete_ = false;
};

}  // namespace datong::admin
