// SPDX-License-Identifier: Apache-2.0
// A unit may begin without its identity. Where it may be the one that was read under its name before, it is asked for
// first; else it is a new one. What was begun and not published to is not begun a second time.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_exchange.h"

namespace datong::node {
namespace {

using client::UnitRun;
using tests::SomeRows;
using tests::TestExchange;
using tests::TestSource;

constexpr char kCatalog[] = R"(
departments: [{name: registry}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2, key: [code],
     items: [code, name, address]}
)";

UnitRun ReadUnit(TestSource& source, const client::UnitDeclaration& unit, const std::string& identity) {
  const UnitRun run = source.Begin(unit);
  REQUIRE(run.run != 0);
  source.PublishRows(run, SomeRows(5), 0, 5);
  source.End(unit.name, true, identity);
  return run;
}

TEST_CASE("a unit's identity is known when it has ended, also to whoever opens the exchange again") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  {
    TestSource source(*exchange, "in", "companies");
    const UnitRun run = source.Begin({.name = "a.csv", .bytes_total = 100});
    exchange.Settle();
    CHECK(exchange->runs().at(0).identity.empty());
    source.PublishRows(run, SomeRows(5), 0, 5);
    source.End("a.csv", true, "A");
  }
  exchange.Settle();
  CHECK(exchange->runs().at(0).identity == "A");
  exchange.Reopen();
  CHECK(exchange->runs().at(0).identity == "A");
}

TEST_CASE("of a unit that may be the one read before, the identity is asked for first") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource source(*exchange, "in", "companies");
  const uint64_t length = GENERATE(uint64_t{100}, uint64_t{0});
  ReadUnit(source, {.name = "a.csv", .bytes_total = 100}, "A");
  // Of another name, or of another length: certainly another one.
  CHECK(ReadUnit(source, {.name = "b.csv", .bytes_total = 100}, "A").file_sequence == 2);
  CHECK(ReadUnit(source, {.name = "b.csv", .bytes_total = 101}, "B").file_sequence == 3);

  CHECK(source.Begin({.name = "a.csv", .bytes_total = length}).run == 0);
  CHECK(exchange->runs().size() == 3);
  CHECK(source.Begin({.name = "a.csv", .bytes_total = length, .as_new = true}).file_sequence == 4);
  source.End("a.csv", false, "A");
  CHECK(source.Begin({.name = "a.csv", .bytes_total = length}).run == 0);
  const UnitRun same = source.Begin({.name = "a.csv", .identity = "A", .bytes_total = length});
  CHECK(same.seen_before);
  CHECK(same.file_sequence == 4);
  source.End("a.csv", true);
  CHECK(source.Begin({.name = "a.csv", .bytes_total = length}).run == 0);
  const UnitRun other = source.Begin({.name = "a.csv", .identity = "C", .bytes_total = length});
  CHECK_FALSE(other.seen_before);
  CHECK(other.file_sequence == 5);
}

TEST_CASE("a unit that was given up before its identity was told is not taken for the same") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource source(*exchange, "in", "companies");
  const UnitRun given_up = source.Begin({.name = "a.csv", .bytes_total = 100});
  source.PublishRows(given_up, SomeRows(5), 0, 5);
  CHECK(ReadUnit(source, {.name = "b.csv", .bytes_total = 7}, "B").file_sequence == 2);
  const UnitRun again = source.Begin({.name = "a.csv", .bytes_total = 100});
  CHECK(again.file_sequence == 3);
  CHECK_FALSE(again.seen_before);
}

TEST_CASE("a run that nothing was published of is gone on with by whoever declares the same") {
  const std::string identity = GENERATE(as<std::string>{}, "", "A");
  const bool full = GENERATE(false, true);
  CAPTURE(identity, full);
  TestExchange exchange;
  exchange.Apply(kCatalog);
  const client::UnitDeclaration unit{
      .name = "a.csv", .identity = identity, .bytes_total = 100, .full = full, .columns = {"code", "name"}};
  const auto ends = [&](uint64_t run, size_t runs) {
    TestSource source(*exchange, "in", "companies");
    const UnitRun begun = source.Begin(unit);
    CHECK(begun.run == run);
    CHECK(begun.snapshot == full);
    exchange.Settle();
    CHECK(exchange->runs().size() == runs);
    return begun;
  };
  ends(1, 1);
  ends(1, 1);
  exchange.Reopen();
  const UnitRun run = ends(1, 1);
  {
    TestSource source(*exchange, "in", "companies");
    CHECK(source.Begin(unit).run == run.run);
    source.PublishRows(run, SomeRows(5), 0, 5);
  }
  exchange.Settle();
  // Begun anew, not gone on with: its rows are all read again, and that is another run.
  if (!full) {
    CHECK(ends(2, 2).file_sequence == (identity.empty() ? 2 : 1));
    CHECK(exchange->runs().at(0).state == RunBooks::State::kFailed);
  }
}

TEST_CASE("a run begun for a known identity is not gone on with before that is known again") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource source(*exchange, "in", "companies");
  const UnitRun run = source.Begin({.name = "a.csv", .identity = "A", .bytes_total = 100});
  CHECK(source.Begin({.name = "a.csv", .bytes_total = 100}).run == 0);
  CHECK(source.Begin({.name = "a.csv", .identity = "A", .bytes_total = 100}).run == run.run);
  CHECK(source.Begin({.name = "a.csv", .identity = "B", .bytes_total = 100}).run == 2);
  exchange.Settle();
  CHECK(exchange->runs().size() == 2);
}

}  // namespace
}  // namespace datong::node
