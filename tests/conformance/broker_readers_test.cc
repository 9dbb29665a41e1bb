// SPDX-License-Identifier: Apache-2.0
// Readers: committed messages only, in the order of their positions, none twice, none missing; positions are opaque.
#include "tests/conformance/broker_conformance.h"

namespace datong::conformance {
namespace {

using broker::Body;

TEST_CASE("a reader goes forward in order, limited as asked, and finds its place again") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records", 2);
    std::vector<std::string> expected;
    {
      auto writer = test.broker().OpenWriter("lane-0").value();
      for (int i = 0; i < 50; ++i) {
        auto transaction = writer->Begin().value();
        for (int j = 0; j < 3; ++j) {
          expected.push_back(j == 1 ? LargeBody(i, 10'000) : std::to_string(i * 3 + j));
          transaction->Append({"records", 0}, "k", "e", Body(expected.back()));
          transaction->Append({"records", 1}, "k", "e", Body("elsewhere"));
        }
        REQUIRE(transaction->Commit().ok());
      }
    }
    CHECK(Bodies(ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end)) == expected);
    test.Reopen();

    std::vector<std::string> read;
    broker::Position next = 0;
    for (int empty = 0; empty < engine.empty_polls_at_end;) {
      auto reader = test.broker().OpenReader({"records", 0}, next).value();  // a new one each time: next() is storable
      const auto some = reader->Poll({.messages_max = 7, .bytes_max = 25'000}).value();
      CHECK(some.size() <= 7);
      size_t bytes = 0;
      for (const auto& message : some) {
        CHECK(bytes < 25'000);
        bytes += message.body.bytes().size();
        read.emplace_back(message.body.bytes());
      }
      empty = some.empty() ? empty + 1 : 0;
      next = reader->next();
    }
    CHECK(read == expected);
  });
}

TEST_CASE("bounds enclose every message, and one that is larger than the limit still passes") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records");
    const auto empty = test.broker().Bounds({"records", 0}).value();
    CHECK(empty.begin <= empty.end);
    auto writer = test.broker().OpenWriter("lane-0").value();
    for (int i = 0; i < 5; ++i) CommitOne(*writer, {"records", 0}, LargeBody(i));
    const auto bounds = test.broker().Bounds({"records", 0}).value();
    const auto all = ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end);
    REQUIRE(all.size() == 5);
    CHECK(all.front().position >= bounds.begin);
    CHECK(all.front().position > 0);
    CHECK(all.back().position < bounds.end);
    CHECK(bounds.end > empty.end);
    auto reader = test.broker().OpenReader({"records", 0}, bounds.begin).value();
    CHECK(reader->Poll({.messages_max = 10, .bytes_max = 1}).value().size() == 1);
    reader->Seek(all[3].position);
    CHECK(Bodies(reader->Poll({}).value()) == std::vector<std::string>{LargeBody(3), LargeBody(4)});
    reader->Seek(bounds.end);
    CHECK(reader->Poll({}).value().empty());
    CHECK(absl::IsNotFound(test.broker().Bounds({"records", 1}).status()));
    CHECK(absl::IsNotFound(test.broker().OpenReader({"missing", 0}, 0).status()));
  });
}

TEST_CASE("where readers end is told for many partitions at once, as each of them finds it") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest&) {
    std::vector<broker::TopicPartition> places;
    MakeTopic(test.broker(), "many", 70);
    for (uint32_t partition = 0; partition < 70; ++partition) places.push_back({"many", partition});
    const auto first = test.broker().VisibleEnds(places).value();
    CHECK(std::all_of(first.begin(), first.end(), [](broker::Position end) { return end <= 1; }));
    auto writer = test.broker().OpenWriter("w").value();
    for (int commit = 0; commit < 3; ++commit) {
      auto transaction = writer->Begin().value();
      for (const uint32_t partition : {3u, 65u}) transaction->Append({"many", partition}, "", "", Body("x"));
      CHECK(transaction->Commit().ok());
    }
    const auto ends = test.broker().VisibleEnds(places).value();
    const auto bounds = test.broker().BoundsOf(places).value();
    for (uint32_t partition = 0; partition < 70; ++partition) {
      CAPTURE(partition);
      const auto alone = test.broker().Bounds(places[partition]).value();
      CHECK(bounds[partition].begin == alone.begin);
      CHECK(bounds[partition].end == alone.end);
      const auto messages = test.broker().OpenReader(places[partition], 0).value()->Poll({}).value();
      CHECK(messages.size() == (partition == 3 || partition == 65 ? 3 : 0));
      // Behind the last one there may be places that no message has.
      CHECK((messages.empty() ? ends[partition] <= 1 : ends[partition] > messages.back().position));
    }
    places.push_back({"none", 0});
    CHECK(absl::IsNotFound(test.broker().VisibleEnds(places).status()));
  });
}

TEST_CASE("a message is found at exactly its position, and nothing between positions") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "records");
    {
      auto writer = test.broker().OpenWriter("lane-0").value();
      for (int i = 0; i < 20; ++i) CommitOne(*writer, {"records", 0}, i % 2 == 0 ? std::to_string(i) : LargeBody(i));
    }
    for (int round = 0; round < 2; ++round) {
      broker::Position before = 0;
      for (const auto& message : ReadAll(test.broker(), {"records", 0}, 0, engine.empty_polls_at_end)) {
        const auto found = test.broker().ReadAt({"records", 0}, message.position).value();
        CHECK(found.position == message.position);
        CHECK(found.body.bytes() == message.body.bytes());
        CHECK(found.envelope == message.envelope);
        CHECK(found.append_time == message.append_time);
        for (broker::Position p = before + 1; p < message.position; ++p) {
          CHECK(absl::IsNotFound(test.broker().ReadAt({"records", 0}, p).status()));
        }
        before = message.position;
      }
      CHECK(absl::IsNotFound(test.broker().ReadAt({"records", 0}, before + 1).status()));
      test.Crash();
    }
  });
}

TEST_CASE("one body goes to many topics, and a body that was read goes on to others") {
  OnEveryEngine([](BrokerUnderTest& test, const EngineUnderTest& engine) {
    MakeTopic(test.broker(), "pub");
    MakeTopic(test.broker(), "deliver-1");
    MakeTopic(test.broker(), "deliver-2");
    MakeTopic(test.broker(), "ledger", 1, broker::TopicKind::kLedger);
    const std::string bytes = LargeBody(7, 200'000);
    const auto forward = [&](const std::string& from, const std::vector<std::string>& to) {
      const auto message = ReadAll(test.broker(), {from, 0}, 0, engine.empty_polls_at_end).at(0);
      auto writer = test.broker().OpenWriter("forwarder").value();
      auto transaction = writer->Begin().value();
      for (const auto& topic : to) transaction->Append({topic, 0}, "k", "from " + from, message.body);
      REQUIRE(transaction->Commit().ok());
    };
    {
      auto writer = test.broker().OpenWriter("publisher").value();
      const Body body(bytes);
      auto transaction = writer->Begin().value();
      transaction->Append({"pub", 0}, "k", "first", body);
      transaction->Append({"pub", 0}, "k", "second", body);
      REQUIRE(transaction->Commit().ok());
    }
    forward("pub", {"deliver-1"});
    test.Reopen();
    forward("pub", {"deliver-2", "ledger"});
    test.Crash();
    CHECK(Bodies(ReadAll(test.broker(), {"pub", 0}, 0, engine.empty_polls_at_end)) ==
          std::vector<std::string>{bytes, bytes});
    for (const char* topic : {"deliver-1", "deliver-2", "ledger"}) {
      const auto got = ReadAll(test.broker(), {topic, 0}, 0, engine.empty_polls_at_end);
      REQUIRE(got.size() == 1);
      CHECK(got[0].body.bytes() == bytes);
      CHECK(got[0].envelope == "from pub");
    }
  });
}

}  // namespace
}  // namespace datong::conformance
