// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/log_ends.h"
#include "exchange_core/broker/broker.h"

struct rd_kafka_error_s;

namespace datong::kafka {

// All that one commit sends.
struct CommitRequest {
  struct AppendRow {
    KafkaPartition to;
    std::string key;
    std::string envelope;
    broker::Body body;
    broker::Attributes attributes;
  };
  std::vector<AppendRow> appends;
  std::map<std::string, std::map<KafkaPartition, broker::Position>> positions;  // by Kafka's name of the group
};

// The live holder of one transactional id, until it is fenced or in doubt. One thread at a time.
//
// Doubt. librdkafka sends the end of a transaction again by itself when a connection breaks, and may then report a
// success that belongs to another try; and its version of the protocol lets an end that was delayed on the way end a
// *later* transaction. So any disconnect or time-out that it told of since the transaction began makes the outcome
// unknown, whatever the commit returned. Then the producer is destroyed: the next holder's init_transactions() raises
// the epoch, which voids everything still on the way, and what can be read after that is the truth.
class TransactionalProducer {
 public:
  // Fences the older holder and waits until what that left open is aborted. `ends` and `options` outlive it.
  static absl::StatusOr<std::unique_ptr<TransactionalProducer>> Open(const KafkaOptions& options, LogEnds& ends,
                                                                     const std::string& identity,
                                                                     const std::string& transactional_id);

  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  // Why no transaction can be begun with it any longer; OK while one can.
  const absl::Status& usable() const { return usable_; }

  // One Kafka transaction. The bodies are sent from where they are, so `request` must stay as it is until this returns.
  // Codes as broker::Transaction::Commit() says.
  absl::Status Commit(const CommitRequest& request);

 private:
  struct Failure;        // of a call of the library
  struct PositionsCall;  // one of them, on a thread of its own

  TransactionalProducer(const KafkaOptions& options, LogEnds& ends, std::string identity,
                        std::shared_ptr<Client> client)
      : options_(options), ends_(ends), identity_(std::move(identity)), client_(std::move(client)) {}

  int WaitMs() const;  // for one step of a commit
  Failure ToFailure(rd_kafka_error_s* error) const;
  absl::Status MeetTopics(const CommitRequest& request);
  Failure Produce(const CommitRequest& request);
  Failure ProduceOne(const CommitRequest::AppendRow& row, Deadline& deadline);
  Failure SendPositions(const CommitRequest& request);
  bool TroubledSince(uint64_t trouble_before) const;  // a count of the client's trouble
  absl::Status TakeBack(const Failure& failure, uint64_t trouble_before, bool commit_asked);
  absl::Status InDoubt(const std::string& why);
  void End(absl::Status why);

  const KafkaOptions& options_;
  LogEnds& ends_;
  const std::string identity_;
  std::shared_ptr<Client> client_;    // until it is of no more use
  bool stuck_ = false;                // a call of the library does not return
  std::set<std::string> met_topics_;  // whose leaders the client knows
  absl::Status usable_;
};

}  // namespace datong::kafka
