// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/log_ends.h"
#include "exchange_core/broker/broker.h"

struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;

namespace datong::kafka {

class FetchPool;

// A partition being fetched from an offset on, in the background, until this is destroyed. Not thread-safe.
class Fetch {
 public:
  ~Fetch();
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  struct Step {
    enum class Kind {
      kMessage,
      kFiller,   // at `offset` there is no message, nor will there ever be one
      kEnd,      // everything committed below `offset` has been given
      kSilence,  // nothing came in time
    };
    Kind kind = Kind::kSilence;
    int64_t offset = 0;  // of the message or filler, or of the end
    broker::Message message;
    bool in_transaction = false;  // the exchange wrote the message, so a mark of its transaction follows it
  };
  // OutOfRange: the offset is not kept any longer. DataLoss, Unimplemented: this message cannot be read (its place is
  // named). After an error the fetch is of no more use.
  absl::StatusOr<Step> Next(int wait_ms);

 private:
  friend class FetchPool;
  struct Slot;

  Fetch(FetchPool& pool, Slot& slot, KafkaPartition of, rd_kafka_topic_s* topic, rd_kafka_queue_s* queue)
      : pool_(pool), slot_(slot), of_(std::move(of)), topic_(topic), queue_(queue) {}

  absl::StatusOr<Step> ToStep(rd_kafka_message_s& message) const;

  FetchPool& pool_;
  Slot& slot_;
  const KafkaPartition of_;
  rd_kafka_topic_s* const topic_;
  rd_kafka_queue_s* const queue_;  // what came and was not read yet
};

// Shares few clients among many partitions: a client costs threads and a connection to each broker, a partition costs
// nothing while it is not fetched. A client fetches a partition once at a time, so the second reader of one partition
// is served by a second client. Thread-safe; fetches are destroyed before their pool.
class FetchPool {
 public:
  explicit FetchPool(const KafkaOptions& options);  // outlives the pool
  ~FetchPool();

  absl::StatusOr<std::unique_ptr<Fetch>> Start(const KafkaPartition& of, int64_t offset);

 private:
  friend class Fetch;
  absl::StatusOr<Fetch::Slot*> Take(const KafkaPartition& of);
  // `queue`: of the fetch that has ended, the slot's from now on; nullptr: none began.
  void Return(Fetch::Slot& slot, const KafkaPartition& of, rd_kafka_queue_s* queue);

  const KafkaOptions& options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Fetch::Slot>> slots_;  // guarded by mutex_
};

// A client that sees committed messages only.
absl::StatusOr<std::unique_ptr<Client>> MakeCommittedReader(const KafkaOptions& options);
// A client that sees all that was appended. It asks for ends and does the administration; it never fetches.
absl::StatusOr<std::unique_ptr<Client>> MakeAppendedReader(const KafkaOptions& options);

}  // namespace datong::kafka
