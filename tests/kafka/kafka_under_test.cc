// SPDX-License-Identifier: Apache-2.0
// One Kafka broker for all cases of a process; each case has an exchange of its own in it.
#include "broker_adapters/kafka/kafka_broker.h"
#include "tests/conformance/broker_conformance.h"
#include "tests/kafka/kafka_for_tests.h"

namespace datong::conformance {
namespace {

class KafkaUnderTest final : public BrokerUnderTest {
 public:
  explicit KafkaUnderTest(kafka::KafkaOptions options) : options_(std::move(options)) {
    tests::KafkaForTests& kafka = tests::KafkaForTests::Shared();
    options_.bootstrap_servers = kafka.bootstrap_servers();
    options_.exchange = kafka.FreshExchange();
    Reopen();
  }

  broker::Broker& broker() override { return *broker_; }

  void Reopen() override {
    broker_.reset();
    auto opened = kafka::OpenKafkaBroker(options_);
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    broker_ = *std::move(opened);
  }

  // A killed process leaves nothing of the engine behind but what the cluster has.
  void Crash() override { Reopen(); }

 private:
  kafka::KafkaOptions options_;
  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace

std::vector<EngineUnderTest> EnginesUnderTest() {
  return {{"kafka", [] { return std::make_unique<KafkaUnderTest>(kafka::KafkaOptions{}); }}};
}

}  // namespace datong::conformance
