// SPDX-License-Identifier: Apache-2.0
// A network that loses requests or answers, breaks connections, or delivers late: a commit lands once or not at all,
// the topic tells which, and what arrives late ends no later transaction.
#include <catch2/catch.hpp>
#include <functional>

#include "broker_adapters/kafka/kafka_broker.h"
#include "tests/kafka/kafka_for_tests.h"
#include "tests/kafka/records_topic.h"

namespace datong::kafka {
namespace {

tests::KafkaForTests& Proxied() {
  static tests::KafkaForTests proxied({"--proxied"});
  return proxied;
}

void Tell(const std::string& line) { REQUIRE(Proxied().Ask(line) == "yes"); }

// Does something when a commit has sent its messages and positions, and nobody has asked for their commit.
class WhenSent final : public base::StepObserver {
 public:
  std::function<void()> then = [] {};
  void Reached(std::string_view step) override {
    if (step == "transaction.sent") then();
  }
};

KafkaOptions Impatient() {
  KafkaOptions options = FreshExchange(Proxied());
  options.transaction_timeout = 3'000'000;
  return options;
}

TEST_CASE("a request or an answer is lost: the commit landed or it did not, never by half") {
  Numbers numbers(Impatient());
  const auto landed_with = [&](const std::string& rule) {
    INFO(rule);
    numbers.CommitNext();
    const broker::Position before = numbers.Landed();
    Tell(rule);
    const absl::Status status = numbers.TryNext();
    INFO(status.ToString());
    CHECK(Proxied().Ask("await 1") != "struck 0");
    Tell("heal");
    CHECK(absl::IsUnavailable(status));
    numbers.Reopen();
    return numbers.Landed() - before;
  };
  // Nobody has heard that it is to be committed.
  CHECK(landed_with("lose request EndTxn 99") == 0);
  CHECK(landed_with("cut request EndTxn 99") == 0);
  CHECK(landed_with("lose request Produce 99") == 0);
  CHECK(landed_with("cut request AddPartitionsToTxn 99") == 0);
  CHECK(landed_with("lose request TxnOffsetCommit 99") == 0);
  // The cluster has heard it, its answer was lost.
  CHECK(landed_with("lose answer EndTxn 99") == 1);
  CHECK(landed_with("cut answer EndTxn 1") == 1);
  // The library asks again by itself; what it is told then may belong to another try.
  CHECK(landed_with("cut request EndTxn 1") <= 1);
  CHECK(landed_with("cut answer Produce 1") <= 1);
}

TEST_CASE("a commit that arrives late commits no later transaction") {
  WhenSent when_sent;
  KafkaOptions options = Impatient();
  options.steps = &when_sent;
  Numbers numbers(options);
  numbers.CommitNext();
  // The library's second try commits; the first one is still on the way.
  Tell("hold request EndTxn 1");
  if (!numbers.TryNext().ok()) numbers.Reopen();
  const broker::Position before = numbers.Landed();
  std::string late;
  when_sent.then = [&] {
    late = Proxied().Ask("release");
    Tell("cut request EndTxn 99");  // this transaction is not to be committed
  };
  CHECK(absl::IsUnavailable(numbers.TryNext()));
  when_sent.then = [] {};
  Tell("heal");
  CHECK(late.starts_with("released "));
  CHECK(late != "released 0");
  numbers.Reopen();
  CHECK(numbers.Landed() == before);
  numbers.CommitNext();
}

TEST_CASE("an abort that arrives late takes back nothing of a later transaction") {
  WhenSent when_sent;
  KafkaOptions options = Impatient();
  options.steps = &when_sent;
  Numbers numbers(options);
  Tell("hold request EndTxn 1");
  // A position cannot be sent, so all is taken back: by the library's second try, while the first is still on the way.
  // Now and then the library finds the connection broken before; then nobody trusts it with an abort.
  for (int tries = 0; Proxied().Ask("await 0") != "struck 1"; ++tries) {
    REQUIRE(tries < 20);
    numbers.Reopen();
    Tell("heal");
    Tell("lose request TxnOffsetCommit 99");
    Tell("hold request EndTxn 1");
    CHECK(absl::IsUnavailable(numbers.TryNext()));
  }
  Tell("heal");
  if (!numbers.writer().Begin().ok()) numbers.Reopen();
  // The later transaction has its position, and no message yet.
  Tell("delay request AddPartitionsToTxn 1");
  std::string late;
  when_sent.then = [&] {
    late = Proxied().Ask("release");
    Tell("heal");
  };
  const absl::Status later = numbers.TryNext();
  INFO(later.ToString());
  CHECK(late.starts_with("released "));
  numbers.Landed();
  CHECK(later.ok());
}

}  // namespace
}  // namespace datong::kafka
