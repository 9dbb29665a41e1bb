// SPDX-License-Identifier: Apache-2.0
// A dump speaks of a moment: what it lacks is deleted unless a declared version or an event time says that it is later
// than that moment - as the source declares it, or as the dump's own rows tell over all partitions.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong {
namespace {

using tests::Received;
using tests::RequireBalanced;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;
using Rows = std::vector<TestSource::Row>;

constexpr base::TimeUs kDay = base::TimeUs{86'400} * 1'000'000;
constexpr base::TimeUs kTenthOfJune = 19'884 * kDay;  // 2024-06-10T00:00Z

std::string Catalog(uint32_t partitions, const std::string& item_of_time) {
  return "departments: [{name: registry}, {name: tax}]\n"
         "key_domains: [{name: company}]\n"
         "resources:\n"
         "  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: " +
         std::to_string(partitions) + ",\n     items: [code, {name: day, type: date}], key: [code], " + item_of_time +
         ": day,\n     snapshots: {vanish_share_max: 100%}}\n"
         "grants: [{name: g, resource: companies, department: tax, items: all, purpose: test}]\n"
         "subscriptions: [{name: tax, grant: g, start: beginning}]\n";
}

// C1 ... C40, all of one day.
Rows OfDay(const std::string& day) {
  Rows rows;
  for (int i = 1; i <= 40; ++i) rows.push_back({"C" + std::to_string(i), day});
  return rows;
}

class World {
 public:
  explicit World(const std::string& item_of_time) {
    exchange.Apply(Catalog(GENERATE(1u, 4u), item_of_time));
    source = std::make_unique<TestSource>(*exchange, "files", "companies");
    source->PublishDump("day-1", OfDay("2024-06-01"));
    Settle();
    // Rows of the same source that came otherwise, of days around the tenth.
    source->PublishUnit("rows", "rows", {{"L9", "2024-06-09"}, {"L10", "2024-06-10"}, {"L11", "2024-06-11"}});
    Settle();
    REQUIRE(Codes().size() == 43);
  }
  void Settle() {
    exchange.Settle();
    TestSink(*exchange, "tax").TakeAll(received);
    RequireBalanced(exchange);
  }
  // What is left beside C1 ... C40.
  std::set<std::string> Codes() const {
    std::set<std::string> codes;
    for (const auto& [code, row] : received.state) codes.insert(code);
    return codes;
  }
  std::set<std::string> Left() const {
    std::set<std::string> left;
    for (const std::string& code : Codes()) {
      if (code[0] == 'L') left.insert(code);
    }
    return left;
  }

  TestExchange exchange;
  std::unique_ptr<TestSource> source;
  Received received;
};

using Names = std::set<std::string>;

TEST_CASE("a declared moment spares what is later, by event time or by a version that is a time") {
  World world(GENERATE(as<std::string>{}, "event_time", "version"));
  world.source->PublishDump("day-2", OfDay("2024-06-01"), kTenthOfJune);
  world.Settle();
  CHECK(world.Left() == Names{"L11"});
  CHECK(world.received.deletes == 2);
}

TEST_CASE("the moment that a dump's own rows tell is the latest of all partitions") {
  World world("event_time");
  Rows rows = OfDay("2024-06-01");
  rows[0][1] = "2024-06-10";  // one partition has it, and it holds for all
  world.source->Publish({.name = "day-2", .identity = "day-2", .full = true, .as_of_from_items = true}, rows, 10);
  world.Settle();
  CHECK(world.Left() == Names{"L11"});
  CHECK(world.exchange->snapshots().back().as_of == kTenthOfJune);
  // One whose rows end before that is older than what was released.
  const uint64_t older = world.source->Publish(
      {.name = "day-0", .identity = "day-0", .full = true, .as_of_from_items = true}, OfDay("2024-06-09"), 10);
  world.Settle();
  CHECK(world.exchange->snapshots().back().snapshot == older);
  CHECK(world.exchange->snapshots().back().stale);
  CHECK(world.Left() == Names{"L11"});
}

TEST_CASE("without a declared moment the one at which its reading began counts") {
  World world("event_time");
  REQUIRE(world.exchange.clock().Now() < kTenthOfJune - kDay);  // the rows are of days to come
  world.source->PublishDump("day-2", OfDay("2024-06-01"));
  world.Settle();
  CHECK(world.Left() == Names{"L10", "L11", "L9"});
  CHECK(world.received.deletes == 0);
}

}  // namespace
}  // namespace datong
