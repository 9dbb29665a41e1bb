// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

namespace datong::tests {

// A program that knows Kafka and nothing of Datong, or a part of Datong that dies: whatever it leaves in a topic, the
// engine meets.
class ForeignProducer {
 public:
  // With a transactional id it begins a transaction, and fences the holder of that id.
  explicit ForeignProducer(const std::string& bootstrap_servers, const std::string& transactional_id = "");
  ~ForeignProducer();  // without ending the transaction

  // To partition 0; returns when it is in the log. `envelope_header`: the engine's header, as some version writes it.
  void Send(const std::string& kafka_topic, const std::string& value, const std::string& envelope_header = "");

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace datong::tests
