// SPDX-License-Identifier: Apache-2.0
// Three brokers, of which one dies for good. Whoever reads and writes goes on with the others, and what is written is
// there once.
#include <catch2/catch.hpp>

#include "broker_adapters/kafka/kafka_broker.h"
#include "tests/kafka/kafka_for_tests.h"
#include "tests/kafka/leaders.h"
#include "tests/kafka/records_topic.h"

namespace datong::kafka {
namespace {

tests::KafkaForTests& Three() {
  static tests::KafkaForTests three({"--brokers", "3"});
  return three;
}

KafkaOptions Patient() {
  KafkaOptions options = FreshExchange(Three());
  options.request_timeout = 60'000'000;  // a cluster on a busy machine may be long about choosing a leader
  return options;
}

void CommitSome(Numbers& numbers) {
  for (int i = 0; i < 20; ++i) numbers.CommitNext();
}

TEST_CASE("the leader of a partition dies: the writer goes on with the next one") {
  const KafkaOptions options = Patient();
  Numbers numbers(options);
  const std::string topic = options.exchange + ".records";
  CommitSome(numbers);
  const int leader = tests::LeaderOf(Three().bootstrap_servers(), topic, 0);
  REQUIRE(leader > 0);
  REQUIRE(Three().Ask("kill " + std::to_string(leader)) == "killed");
  CommitSome(numbers);
  const int next = tests::LeaderOf(Three().bootstrap_servers(), topic, 0);
  CHECK(next > 0);
  CHECK(next != leader);
  numbers.Landed();
  // Dead for good: it is no reason to doubt what the others say.
  const int reopened = numbers.reopened();
  CommitSome(numbers);
  CHECK(numbers.reopened() == reopened);
  numbers.Landed();
}

}  // namespace
}  // namespace datong::kafka
