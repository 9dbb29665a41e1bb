// SPDX-License-Identifier: Apache-2.0
// Retention: what is dropped is never silently skipped, and what others still need stays whole.
#include "tests/conformance/broker_conformance.h"

namespace datong::conformance {
namespace {

TEST_CASE("reading below what was dropped is out of range, and the rest is whole") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records", 2);
    std::vector<std::string> bodies;
    {
      auto writer = test.broker().OpenWriter("lane-0").value();
      for (int i = 0; i < 30; ++i) {
        bodies.push_back(i % 3 == 0 ? std::to_string(i) : LargeBody(i, 15'000));
        CommitOne(*writer, {"records", 0}, bodies.back());
        CommitOne(*writer, {"records", 1}, bodies.back());
      }
    }
    const auto all = ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end);
    const broker::Position keep = all[20].position;
    auto early = test.broker().OpenReader({"records", 0}, all[5].position).value();
    REQUIRE(test.broker().DropBefore({"records", 0}, keep).ok());
    REQUIRE(test.broker().DropBefore({"records", 0}, keep).ok());
    REQUIRE(test.broker().DropBefore({"records", 0}, all[3].position).ok());  // less than before: no change
    CHECK(absl::IsOutOfRange(early->Poll({}).status()));
    early->Seek(keep);
    CHECK(early->Poll({}).value().at(0).position == keep);
    early.reset();
    for (int round = 0; round < 3; ++round) {
      CHECK(test.broker().Bounds({"records", 0})->begin == keep);
      CHECK(absl::IsOutOfRange(test.broker().OpenReader({"records", 0}, 0).value()->Poll({}).status()));
      CHECK(absl::IsNotFound(test.broker().ReadAt({"records", 0}, all[19].position).status()));
      CHECK(Bodies(ReadAll(test.broker(), {"records", 0}, keep, engine.empty_polls_at_end)) ==
            std::vector<std::string>(bodies.begin() + 20, bodies.end()));
      CHECK(Bodies(ReadAll(test.broker(), {"records", 1}, 0, engine.empty_polls_at_end)) == bodies);
      round == 0 ? test.Crash() : test.Reopen();
    }
  });
}

TEST_CASE("a body forwarded before its topic was emptied stays, and positions go on behind the drop") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "pub");
    MakeTopic(test.broker(), "deliver");
    std::vector<std::string> bodies;
    broker::Message held;
    {
      auto writer = test.broker().OpenWriter("lane-0").value();
      for (int i = 0; i < 20; ++i) CommitOne(*writer, {"pub", 0}, LargeBody(100 + i, 30'000));
      const auto published = ReadAll(test.broker(), {"pub", 0}, 0, engine.empty_polls_at_end);
      for (size_t i = 0; i < published.size(); i += 2) {
        auto transaction = writer->Begin().value();
        transaction->Append({"deliver", 0}, "k", "e", published[i].body);
        REQUIRE(transaction->Commit().ok());
        bodies.emplace_back(published[i].body.bytes());
      }
      held = published[1];
    }
    const auto end = test.broker().Bounds({"pub", 0})->end;
    REQUIRE(test.broker().DropBefore({"pub", 0}, end).ok());
    {
      // Forwarding what was dropped meanwhile: the bytes in hand are still good.
      auto writer = test.broker().OpenWriter("lane-0").value();
      auto transaction = writer->Begin().value();
      transaction->Append({"deliver", 0}, "k", "e", held.body);
      REQUIRE(transaction->Commit().ok());
      bodies.emplace_back(held.body.bytes());
      held = {};
      CommitOne(*writer, {"pub", 0}, "next");
    }
    for (int round = 0; round < 2; ++round) {
      CHECK(Bodies(ReadAll(test.broker(), {"deliver", 0}, 0, engine.empty_polls_at_end)) == bodies);
      const auto rest = ReadAll(test.broker(), {"pub", 0}, end, engine.empty_polls_at_end);
      REQUIRE(rest.size() == 1);
      CHECK(rest[0].position >= end);
      test.Crash();
    }
  });
}

}  // namespace
}  // namespace datong::conformance
