// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>
#include <vector>

#include "broker_adapters/kafka/kafka_broker.h"
#include "tests/kafka/kafka_for_tests.h"

// What tests of the engine's faults do with it: bodies go to topic `records`, partition 0, and the position of `group`
// in it is advanced by the same transaction.
namespace datong::kafka {

KafkaOptions FreshExchange(tests::KafkaForTests& cluster);
std::unique_ptr<broker::Broker> Open(const KafkaOptions& options);

absl::Status Commit(broker::Writer& writer, const std::string& body, broker::Position position = 0);  // 0: none
std::vector<std::string> ReadAll(broker::Broker& broker);

// Commits the numbers 1, 2, 3, ... as a lane would: after a failure, what is committed says where to go on.
class Numbers {
 public:
  explicit Numbers(const KafkaOptions& options);

  absl::Status TryNext();
  void CommitNext();  // tries again after a failure: on a busy machine a commit may take longer than it has
  void Reopen();
  // How many have landed, bodies and position together: checked.
  broker::Position Landed();

  broker::Writer& writer() { return *writer_; }
  int reopened() const { return reopened_; }

 private:
  const std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<broker::Writer> writer_;
  broker::Position landed_ = 0;
  int reopened_ = 0;
};

bool Says(const absl::Status& status, const std::string& words);

}  // namespace datong::kafka
