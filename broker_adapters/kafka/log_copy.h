// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "broker_adapters/kafka/kafka_broker.h"
#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/log_ends.h"
#include "broker_adapters/kafka/names.h"
#include "broker_adapters/kafka/topic_directory.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// Writes the messages of another engine into the topics of an exchange that nobody works on yet, each at the position
// that it has there. Then nothing that names a position - ledger entries, index, receipts - has to be written again.
//
// 1. A Kafka log counts its records from 0 without a gap, and a transaction's mark takes an offset of its own. So these
//    are plain records of an idempotent producer, whose messages come once and in their order.
// 2. Positions that no message has are taken up by fillers, which readers pass over; those before the first message
//    that is kept are dropped afterwards (broker::Broker::DropBefore).
// 3. The cluster says of each record at which offset it landed. Elsewhere than it must be: DataLoss, and the topic is
// of
//    no use. It is how a copy finds out that what an earlier, killed one had sent came in only now.
// 4. A message keeps its time (in milliseconds): until Seal() the topic's times are the producer's.
//
// Not thread-safe.
class LogCopy {
 public:
  // As OpenKafkaBroker.
  static absl::StatusOr<std::unique_ptr<LogCopy>> Open(const KafkaOptions& options);
  ~LogCopy();

  absl::StatusOr<std::vector<std::string>> Topics();  // of this exchange in the cluster; sorted
  // As broker::Broker::CreateTopic, for being written by this class.
  absl::Status MakeTopic(const std::string& topic, const broker::TopicOptions& options);
  // The position that comes next in a partition.
  absl::StatusOr<broker::Position> Next(const broker::TopicPartition& of);

  // From now on Fill() and Append() write to this partition, from `next` on: what Next() has said.
  absl::Status Begin(const broker::TopicPartition& to, broker::Position next);
  // Takes up every position below `next`.
  absl::Status Fill(broker::Position next);
  // FailedPrecondition: its position is not free any longer. Unavailable: the cluster takes nothing.
  absl::Status Append(const broker::Message& message, const broker::Attributes& attributes);
  // Returns when all of it has been acknowledged.
  absl::Status Flush();

  // A topic's settings become those of an exchange at work.
  absl::Status Seal(const std::string& topic);

 private:
  LogCopy(const KafkaOptions& options, Names names, std::unique_ptr<Client> appended)
      : options_(options),
        names_(std::move(names)),
        appended_(std::move(appended)),
        topics_(options_, names_, *appended_) {}

  struct Record;
  struct Patience;
  void TakeReport(const rd_kafka_message_s& report);  // on a thread of the library
  absl::Status Produce(Record& record);
  absl::Status AwaitProgress(Patience& patience);
  absl::Status SetTime(const std::string& kafka_topic, const char* whose);

  const KafkaOptions options_;
  const Names names_;
  const std::unique_ptr<Client> appended_;
  TopicDirectory topics_;

  KafkaPartition to_;
  int64_t next_offset_ = 0;
  uint64_t sent_ = 0;

  std::mutex mutex_;
  std::condition_variable reported_;
  uint64_t acknowledged_ = 0;  // guarded by mutex_
  absl::Status failure_;       // guarded by mutex_: the first

  std::unique_ptr<Client> producer_;  // goes first: its threads report into what stands above
};

}  // namespace datong::kafka
