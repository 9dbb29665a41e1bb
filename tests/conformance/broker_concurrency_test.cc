// SPDX-License-Identifier: Apache-2.0
// Four writers and their readers at once: every writer's order is kept, and a transaction is seen whole or not at all.
#include <atomic>
#include <thread>

#include "tests/conformance/broker_conformance.h"

namespace datong::conformance {
namespace {

using broker::Body;

constexpr int kWriters = 4;
constexpr int kTransactions = 40;

// Failures are gathered and told by the main thread: the test library's checks are not for several threads.
struct Outcome {
  std::atomic<int> failures{0};
  void Expect(bool held) {
    if (!held) failures.fetch_add(1);
  }
};

void Write(broker::Broker& broker, int writer_number, Outcome& outcome) {
  auto writer = broker.OpenWriter("writer-" + std::to_string(writer_number)).value();
  for (int i = 0; i < kTransactions; ++i) {
    const std::string mark = std::to_string(writer_number) + ":" + std::to_string(i);
    auto transaction = writer->Begin().value();
    const Body shared(mark + LargeBody(static_cast<uint64_t>(i), i % 2 == 0 ? 100 : 9'000));
    transaction->Append({"left", 0}, mark, "", shared);
    transaction->Append({"right", static_cast<uint32_t>(writer_number % 2)}, mark, "", shared);
    transaction->AdvancePosition("writer", {"input", static_cast<uint32_t>(writer_number)},
                                 static_cast<uint64_t>(i) + 1);
    outcome.Expect(transaction->Commit().ok());
  }
}

// Follows "left" to the end; whenever a message is seen, its brother and its position must be visible too.
void Follow(broker::Broker& broker, Outcome& outcome) {
  auto left = broker.OpenReader({"left", 0}, 0).value();
  std::vector<int> next(kWriters, 0);
  for (int seen = 0; seen < kWriters * kTransactions;) {
    const auto some = left->Poll({}).value();
    for (const auto& message : some) {
      const int writer = message.key[0] - '0';
      const int number = std::stoi(message.key.substr(2));
      outcome.Expect(number == next[writer]++);
      outcome.Expect(message.body.bytes().substr(0, message.key.size()) == message.key);
      const auto position = broker.CommittedPosition("writer", {"input", static_cast<uint32_t>(writer)}).value();
      outcome.Expect(position.has_value() && *position > static_cast<uint64_t>(number));
    }
    if (!some.empty()) {
      const std::string& last = some.back().key;
      bool found = false;
      const broker::TopicPartition right{"right", static_cast<uint32_t>((last[0] - '0') % 2)};
      const auto end = broker.Bounds(right).value().end;
      auto reader = broker.OpenReader(right, 0).value();
      while (!found && reader->next() < end) {
        const auto more = reader->Poll({}).value();
        for (const auto& message : more) found = found || message.key == last;
      }
      outcome.Expect(found);
    }
    seen += static_cast<int>(some.size());
  }
}

TEST_CASE("four writers and two readers at once") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "left");
    MakeTopic(test.broker(), "right", 2);
    MakeTopic(test.broker(), "input", kWriters, broker::TopicKind::kControl);
    Outcome outcome;
    std::vector<std::thread> threads;
    for (int i = 0; i < kWriters; ++i) threads.emplace_back([&, i] { Write(test.broker(), i, outcome); });
    for (int i = 0; i < 2; ++i) threads.emplace_back([&] { Follow(test.broker(), outcome); });
    for (auto& thread : threads) thread.join();
    CHECK(outcome.failures.load() == 0);
    test.Crash();
    CHECK(ReadAll(test.broker(), {"left", 0}, 0, engine.empty_polls_at_end).size() == kWriters * kTransactions);
    for (uint32_t i = 0; i < kWriters; ++i) {
      CHECK(test.broker().CommittedPosition("writer", {"input", i}).value() == kTransactions);
    }
  });
}

TEST_CASE("retention, new holders and new topics while commits go on") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records");
    MakeTopic(test.broker(), "kept");
    Outcome outcome;
    std::atomic<bool> done{false};
    std::thread writing([&] {
      auto writer = test.broker().OpenWriter("steady").value();
      for (int i = 0; i < 100; ++i) {
        auto transaction = writer->Begin().value();
        const Body body(LargeBody(static_cast<uint64_t>(i), 12'000));
        transaction->Append({"records", 0}, "", "", body);
        if (i % 10 == 0) transaction->Append({"kept", 0}, "", "", body);
        outcome.Expect(transaction->Commit().ok());
      }
      done.store(true);
    });
    std::thread dropping([&] {
      while (!done.load()) {
        const auto bounds = test.broker().Bounds({"records", 0}).value();
        outcome.Expect(test.broker().DropBefore({"records", 0}, (bounds.begin + bounds.end) / 2).ok());
      }
    });
    std::thread reading([&] {
      auto reader = test.broker().OpenReader({"records", 0}, 0).value();
      while (!done.load()) {
        const auto some = reader->Poll({});
        if (absl::IsOutOfRange(some.status())) {
          reader->Seek(test.broker().Bounds({"records", 0}).value().begin);
        } else {
          outcome.Expect(some.ok());
        }
      }
    });
    for (int i = 0; i < 5; ++i) {
      MakeTopic(test.broker(), "topic-" + std::to_string(i));
      CommitOne(*test.broker().OpenWriter("taken over").value(), {"topic-" + std::to_string(i), 0}, "x");
    }
    for (auto* thread : {&writing, &dropping, &reading}) thread->join();
    CHECK(outcome.failures.load() == 0);
    test.Reopen();
    const auto kept = ReadAll(test.broker(), {"kept", 0}, 0, engine.empty_polls_at_end);
    REQUIRE(kept.size() == 10);
    for (size_t i = 0; i < kept.size(); ++i) CHECK(kept[i].body.bytes() == LargeBody(i * 10, 12'000));
  });
}

}  // namespace
}  // namespace datong::conformance
