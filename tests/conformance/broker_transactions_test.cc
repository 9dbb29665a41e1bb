// SPDX-License-Identifier: Apache-2.0
// Transactions: all of it or nothing, one open per writer, one live holder per identity, durable when Commit() returns.
#include <absl/status/status.h>

#include <set>
#include <string>
#include <vector>

#include "exchange_core/base/limits.h"
#include "tests/conformance/broker_conformance.h"

namespace datong::conformance {
namespace {

using broker::Body;

TEST_CASE("topics are created once, described and listed") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest&) {
    MakeTopic(test.broker(), "b", 3);
    MakeTopic(test.broker(), "a", 1, broker::TopicKind::kLedger);
    CHECK(test.broker().CreateTopic("b", {broker::TopicKind::kRecords, 3}).ok());
    CHECK(absl::IsAlreadyExists(test.broker().CreateTopic("b", {broker::TopicKind::kRecords, 4})));
    CHECK(absl::IsAlreadyExists(test.broker().CreateTopic("b", {broker::TopicKind::kLedger, 3})));
    CHECK(absl::IsInvalidArgument(test.broker().CreateTopic("", {})));
    CHECK(absl::IsInvalidArgument(test.broker().CreateTopic("none", {broker::TopicKind::kRecords, 0})));
    for (int round = 0; round < 3; ++round) {
      CHECK(test.broker().ListTopics() == std::vector<std::string>{"a", "b"});
      CHECK(test.broker().DescribeTopic("b")->partitions == 3);
      CHECK(test.broker().DescribeTopic("a")->kind == broker::TopicKind::kLedger);
      CHECK(absl::IsNotFound(test.broker().DescribeTopic("c").status()));
      round == 0 ? test.Reopen() : test.Crash();
    }
  });
}

TEST_CASE("topics that are there and topics that are not are made together, also in a process that knows none") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest&) {
    const auto topics = [](uint32_t partitions_of_last) {
      std::vector<broker::NamedTopic> all;
      for (int i = 0; i < 230; ++i) all.push_back({"t" + std::to_string(i), {broker::TopicKind::kRecords, 1}});
      all.push_back({"last", {broker::TopicKind::kControl, partitions_of_last}});
      return all;
    };
    MakeTopic(test.broker(), "t7", 1);
    MakeTopic(test.broker(), "last", 2, broker::TopicKind::kControl);
    test.Reopen();
    CHECK(absl::IsAlreadyExists(test.broker().CreateTopics(topics(1))));
    CHECK(test.broker().CreateTopics(topics(2)).ok());
    CHECK(test.broker().ListTopics().size() == 231);
    CHECK(test.broker().CreateTopics(topics(2)).ok());
    test.Reopen();
    CHECK(test.broker().CreateTopics(topics(2)).ok());
    CHECK(absl::IsAlreadyExists(test.broker().CreateTopics(topics(3))));
  });
}

TEST_CASE("a commit makes messages in many topics and positions true together, and keeps them") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records", 2);
    MakeTopic(test.broker(), "ledger", 1, broker::TopicKind::kLedger);
    MakeTopic(test.broker(), "control", 1, broker::TopicKind::kControl);
    const std::string large = LargeBody(1);
    {
      auto writer = test.broker().OpenWriter("lane-0").value();
      auto transaction = writer->Begin().value();
      transaction->Append({"records", 0}, "k0", "e0", Body("small"));
      transaction->Append({"records", 1}, "k1", std::string(100'000, 'e'), Body(large));
      transaction->Append({"ledger", 0}, "", "", Body());
      transaction->AdvancePosition("lane-0", {"control", 0}, 17);
      transaction->AdvancePosition("lane-0", {"records", 1}, 3);
      CHECK(ReadAll(test.broker(), {"records", 0}).empty());
      CHECK_FALSE(test.broker().CommittedPosition("lane-0", {"control", 0})->has_value());
      REQUIRE(transaction->Commit().ok());
      CHECK(absl::IsFailedPrecondition(transaction->Commit()));
    }
    for (int round = 0; round < 3; ++round) {
      const auto first = ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end);
      REQUIRE(first.size() == 1);
      CHECK(first[0].key == "k0");
      CHECK(first[0].envelope == "e0");
      CHECK(first[0].body.bytes() == "small");
      CHECK(first[0].append_time > 0);
      const auto second = ReadAll(test.broker(), {"records", 1}, 0, engine.empty_polls_at_end);
      REQUIRE(second.size() == 1);
      CHECK(second[0].envelope == std::string(100'000, 'e'));
      CHECK(second[0].body.bytes() == large);
      CHECK(ReadAll(test.broker(), {"ledger", 0}, 0, engine.empty_polls_at_end).size() == 1);
      CHECK(test.broker().CommittedPosition("lane-0", {"control", 0}).value() == 17);
      CHECK(test.broker().CommittedPosition("lane-0", {"records", 1}).value() == 3);
      CHECK_FALSE(test.broker().CommittedPosition("lane-1", {"control", 0})->has_value());
      round == 0 ? test.Crash() : test.Reopen();
    }
  });
}

TEST_CASE("an abort leaves nothing, whether said or by destruction") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records");
    {
      auto writer = test.broker().OpenWriter("lane-0").value();
      auto said = writer->Begin().value();
      said->Append({"records", 0}, "k", "e", Body(LargeBody(2)));
      said->AdvancePosition("g", {"records", 0}, 5);
      said->Abort();
      auto destroyed = writer->Begin().value();
      destroyed->Append({"records", 0}, "k", "e", Body(LargeBody(3)));
      destroyed.reset();
      CommitOne(*writer, {"records", 0}, "kept");
    }
    for (int round = 0; round < 2; ++round) {
      CHECK(Bodies(ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end)) ==
            std::vector<std::string>{"kept"});
      CHECK_FALSE(test.broker().CommittedPosition("g", {"records", 0})->has_value());
      test.Crash();
    }
  });
}

TEST_CASE("a writer has one open transaction") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest&) {
    MakeTopic(test.broker(), "records");
    auto writer = test.broker().OpenWriter("lane-0").value();
    auto open = writer->Begin().value();
    CHECK_FALSE(writer->Begin().ok());
    REQUIRE(open->Commit().ok());  // of nothing
    CHECK(writer->Begin().ok());
  });
}

TEST_CASE("a newer holder of an identity fences the older one, whose commit changes nothing") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records");
    {
      auto older = test.broker().OpenWriter("lane-0").value();
      auto other = test.broker().OpenWriter("lane-1").value();
      CommitOne(*older, {"records", 0}, "1");
      auto late = older->Begin().value();
      late->Append({"records", 0}, "k", "e", Body("late"));
      late->AdvancePosition("g", {"records", 0}, 9);
      auto newer = test.broker().OpenWriter("lane-0").value();
      CHECK(absl::IsAborted(late->Commit()));
      CHECK(absl::IsAborted(older->Begin().status()));
      CommitOne(*newer, {"records", 0}, "2");
      CommitOne(*other, {"records", 0}, "3");
    }
    CHECK(Bodies(ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end)) ==
          std::vector<std::string>{"1", "2", "3"});
    CHECK_FALSE(test.broker().CommittedPosition("g", {"records", 0})->has_value());
    test.Reopen();
    auto again = test.broker().OpenWriter("lane-0").value();
    CommitOne(*again, {"records", 0}, "4");
  });
}

TEST_CASE("what is too large or goes nowhere refuses the whole transaction, and the writer goes on") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records");
    auto writer = test.broker().OpenWriter("lane-0").value();
    const auto commit = [&](const broker::TopicPartition& to, size_t key, size_t envelope, size_t body) {
      auto transaction = writer->Begin().value();
      transaction->Append({"records", 0}, "k", "e", Body("innocent"));
      transaction->Append(to, std::string(key, 'k'), std::string(envelope, 'e'), Body(std::string(body, 'b')));
      return transaction->Commit();
    };
    CHECK(absl::IsNotFound(commit({"missing", 0}, 1, 1, 1)));
    CHECK(absl::IsNotFound(commit({"records", 1}, 1, 1, 1)));
    CHECK(absl::IsInvalidArgument(commit({"records", 0}, 1025, 1, 1)));
    CHECK(absl::IsInvalidArgument(commit({"records", 0}, 1, (1 << 20) + 1, 1)));
    CHECK(absl::IsInvalidArgument(commit({"records", 0}, 1, 1, base::kBatchBytesMax + 1)));
    CHECK(ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end).empty());
    REQUIRE(commit({"records", 0}, 1024, 1 << 20, base::kBatchBytesMax).ok());
    CHECK(ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end).size() == 2);
  });
}

TEST_CASE("the listener is told of every commit and where it wrote, and of no abort") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest&) {
    MakeTopic(test.broker(), "records");
    auto writer = test.broker().OpenWriter("lane-0").value();
    MakeTopic(test.broker(), "others");
    std::vector<std::set<std::string>> told;
    test.broker().SetCommitListener([&](const std::vector<std::string>& topics) {
      told.emplace_back(topics.begin(), topics.end());
      CHECK(told.back().size() == topics.size());  // each once
    });
    CommitOne(*writer, {"records", 0}, "1");
    writer->Begin().value()->Abort();
    const auto transaction = writer->Begin().value();
    for (const char* topic : {"records", "others", "records"}) {
      transaction->Append({topic, 0}, "", "", broker::Body("2"));
    }
    transaction->AdvancePosition("group", {"records", 0}, 1);
    REQUIRE(transaction->Commit().ok());
    CHECK(told == std::vector<std::set<std::string>>{{"records"}, {"others", "records"}});
    test.broker().SetCommitListener(nullptr);
    CommitOne(*writer, {"records", 0}, "3");
    CHECK(told.size() == 2);
  });
}

}  // namespace
}  // namespace datong::conformance
