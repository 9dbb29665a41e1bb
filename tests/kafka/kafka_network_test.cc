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

// Commits the numbers 1, 2, 3, ... as a lane would: after a failure, what is committed says where to go on.
class Numbers {
 public:
  explicit Numbers(KafkaOptions options) : broker_(Open(options)) {
    REQUIRE(broker_->CreateTopic("records", {}).ok());
    Reopen();
  }

  absl::Status TryNext() {
    const absl::Status status = Commit(*writer_, std::to_string(landed_ + 1), landed_ + 1);
    if (status.ok()) ++landed_;
    return status;
  }

  // On a busy machine a commit may take longer than the short time it has here.
  void CommitNext() {
    for (int tries = 0; !TryNext().ok(); ++tries) {
      REQUIRE(tries < 5);
      Reopen();
    }
  }

  void Reopen() {
    auto opened = broker_->OpenWriter("lane.0");
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    writer_ = *std::move(opened);
    landed_ = Landed();
  }

  // How many have landed, their bodies and the position together.
  broker::Position Landed() {
    const broker::Position landed = broker_->CommittedPosition("group", {"records", 0})->value_or(0);
    std::vector<std::string> wanted;
    for (broker::Position number = 1; number <= landed; ++number) wanted.push_back(std::to_string(number));
    CHECK(ReadAll(*broker_) == wanted);
    return landed;
  }

  broker::Writer& writer() { return *writer_; }

 private:
  const std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<broker::Writer> writer_;
  broker::Position landed_ = 0;
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
