// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace datong::tests {

// Brokers of this process: broker.py at the other end of a pipe, ended with the process. DATONG_KAFKA_VERSION picks the
// version of Kafka.
//
// Where no broker can be had, says so and ends the process with kSkipped; with DATONG_REQUIRE_KAFKA=1 that is a
// failure.
class KafkaForTests {
 public:
  static constexpr int kSkipped = 77;

  static KafkaForTests& Shared();                                        // one plain broker, started at the first use
  explicit KafkaForTests(const std::vector<std::string>& options = {});  // of broker.py
  ~KafkaForTests();

  const std::string& bootstrap_servers() const { return bootstrap_servers_; }
  std::string FreshExchange();  // a name that nobody has used yet

  void Kill();   // as a power cut of its machine would, but what it wrote is kept
  void Start();  // again, at the same port
  // Any other line that broker.py knows, and what it answers.
  std::string Ask(const std::string& line);

 private:
  std::string Answer();
  void AwaitReady();

  pid_t process_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
  std::string bootstrap_servers_;
  int exchanges_ = 0;
};

}  // namespace datong::tests
