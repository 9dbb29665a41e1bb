// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "broker_adapters/kafka/fetch.h"
#include "broker_adapters/kafka/log_ends.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// Reads one partition up to the stable end. It fetches in the background from the Poll() that finds something until the
// one that has given all of it; a Poll() that gives nothing has asked the cluster where the end is.
class KafkaReader final : public broker::Reader {
 public:
  KafkaReader(const KafkaOptions& options, LogEnds& ends, FetchPool& fetches, KafkaPartition of, broker::Position next)
      : options_(options), ends_(ends), fetches_(fetches), of_(std::move(of)), next_(next) {}

  absl::StatusOr<std::vector<broker::Message>> Poll(const broker::ReadLimits& limits) override;
  void Seek(broker::Position next) override;
  broker::Position next() const override { return next_; }

 private:
  // Learns the stable end, and starts to fetch when it lies ahead.
  absl::Status LookAhead();
  absl::Status Dropped(const absl::Status& in_kafkas_words);
  // The next message; nothing when the known end was reached, or when the end is all that would be waited for.
  absl::StatusOr<bool> TakeOne(bool some_taken, Deadline& deadline, broker::Message& message);

  const KafkaOptions& options_;
  LogEnds& ends_;
  FetchPool& fetches_;
  const KafkaPartition of_;
  broker::Position next_;
  int64_t known_end_ = 0;         // up to here there is, or was, something to fetch
  std::unique_ptr<Fetch> fetch_;  // from next_ on
};

// The message at exactly `position`, as broker::Broker::ReadAt() says.
absl::StatusOr<broker::Message> ReadOne(const KafkaOptions& options, LogEnds& ends, FetchPool& fetches,
                                        const KafkaPartition& of, broker::Position position);

}  // namespace datong::kafka
