// SPDX-License-Identifier: Apache-2.0
// A record published by one department reaches the subscribers of another exactly once, through restarts, and the books
// balance at every look.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong {
namespace {

using tests::Received;
using tests::RequireBalanced;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;

constexpr char kCatalog[] = R"(
departments: [{name: 市场监管局}, {name: 税务局}, {name: 人社局}]
key_domains: [{name: company}]
resources:
  - name: companies
    provider: 市场监管局
    key_domain: company
    kind: entity
    partitions: 4
    items: [code, name, address]
    key: [code]
  - name: visits
    provider: 市场监管局
    key_domain: company
    kind: event
    partitions: 4
    items: [code, day]
    window: 30d
grants:
  - {name: all-companies, resource: companies, department: 税务局, items: all, purpose: test}
  - {name: some-companies, resource: companies, department: 人社局, items: [code, name], purpose: test}
  - {name: all-visits, resource: visits, department: 税务局, items: all, purpose: test}
subscriptions:
  - {name: tax, grant: all-companies, start: beginning}
  - {name: social, grant: some-companies, start: beginning}
  - {name: tax-visits, grant: all-visits, start: beginning}
)";

std::vector<TestSource::Row> Companies(size_t count, const std::string& address) {
  std::vector<TestSource::Row> rows;
  for (size_t i = 0; i < count; ++i) rows.push_back({"C" + std::to_string(i), "name " + std::to_string(i), address});
  return rows;
}

}  // namespace

TEST_CASE("two subscribers receive every change once, one of them a projection") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  Received tax;
  Received social;
  {
    TestSource source(*exchange, "registry", "companies");
    source.PublishUnit("day1.csv", "id1", Companies(100, "old street"), 30);
    RequireBalanced(exchange);  // nothing decided yet: all of it waits
    exchange.Settle();
    RequireBalanced(exchange);
    auto day2 = Companies(110, "old street");
    for (size_t i = 0; i < 7; ++i) day2[i][2] = "new street";
    source.PublishUnit("day2.csv", "id2", day2, 13);
    exchange.Settle();
  }
  TestSink(*exchange, "tax").TakeAll(tax);
  TestSink(*exchange, "social").TakeAll(social);
  CHECK(tax.inserts == 110);
  CHECK(tax.updates == 7);
  CHECK(social.inserts == 110);
  CHECK(social.updates == 7);
  CHECK(tax.state["C3"] == "code=C3 name=name 3 address=new street ");
  CHECK(social.state["C3"] == "code=C3 name=name 3 ");
  RequireBalanced(exchange);
  CHECK(exchange->VerifyIndexAgainstLedger().ok());

  const auto runs = exchange->runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[1].verdicts.at(ledger::Verdict::kInserted) == 10);
  CHECK(runs[1].verdicts.at(ledger::Verdict::kUpdated) == 7);
  CHECK(runs[1].verdicts.at(ledger::Verdict::kUnchanged) == 93);
  for (const auto& subscriber : runs[1].subscribers) {
    CHECK(subscriber.delivered == 17);
    CHECK(subscriber.applied == 17);
  }
}

TEST_CASE("a restart forgets nothing and decides nothing twice, with checkpoints and without") {
  const bool checkpoint = GENERATE(true, false);
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  TestSource(*exchange, "registry", "companies").PublishUnit("day1.csv", "id1", Companies(50, "a"), 7);
  exchange.Settle();
  Received tax;
  TestSink(*exchange, "tax").TakeAll(tax);
  if (checkpoint) REQUIRE(exchange->Stop().ok());
  exchange.Reopen();
  exchange.Settle();
  TestSink(*exchange, "tax").TakeAll(tax);
  CHECK(tax.log.size() == 50);

  // The same file again: every row is the same record, nothing is delivered.
  TestSource(*exchange, "registry", "companies").PublishUnit("day1.csv", "id1", Companies(50, "a"), 11);
  exchange.Settle();
  TestSink(*exchange, "tax").TakeAll(tax);
  CHECK(tax.log.size() == 50);
  CHECK(exchange->runs().back().verdicts.at(ledger::Verdict::kDuplicate) == 50);
  RequireBalanced(exchange);
  CHECK(exchange->VerifyIndexAgainstLedger().ok());
}

TEST_CASE("what a sink did not acknowledge comes again, what it did never") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  TestSource(*exchange, "registry", "companies").PublishUnit("day1.csv", "id1", Companies(40, "a"), 9);
  exchange.Settle();
  Received lost;
  TestSink(*exchange, "tax").TakeAll(lost, false);
  CHECK(lost.log.size() == 40);
  RequireBalanced(exchange);
  CHECK(exchange->lag()->at(0).records_behind == 40);
  exchange.Reopen();
  exchange.Settle();
  Received tax;
  TestSink(*exchange, "tax").TakeAll(tax);
  TestSink(*exchange, "tax").TakeAll(tax);
  CHECK(tax.log == lost.log);
  CHECK(exchange->lag()->at(0).records_behind == 0);
}

TEST_CASE("a file that goes back to what it was is news, a file that comes again is not") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  TestSource source(*exchange, "registry", "companies");
  source.PublishUnit("companies.csv", "A", {{"C1", "a", "x"}});
  source.PublishUnit("companies.csv", "B", {{"C1", "b", "x"}});
  source.PublishUnit("companies.csv", "A", {{"C1", "a", "x"}});
  source.PublishUnit("day1.csv", "1", {{"C2", "a", "x"}});
  source.PublishUnit("day2.csv", "2", {{"C2", "b", "x"}});
  source.PublishUnit("day1.csv", "1", {{"C2", "a", "x"}});
  exchange.Settle();
  Received tax;
  TestSink(*exchange, "tax").TakeAll(tax);
  CHECK(tax.inserts == 2);
  CHECK(tax.updates == 3);
  CHECK(tax.state["C1"] == "code=C1 name=a address=x ");
  CHECK(tax.state["C2"] == "code=C2 name=b address=x ");
  CHECK(exchange->runs().back().verdicts.at(ledger::Verdict::kStale) == 1);
}

TEST_CASE("events are delivered once within their window") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  TestSource source(*exchange, "front-desk", "visits");
  source.PublishUnit("a.csv", "a", {{"C1", "1"}, {"C2", "1"}, {"C1", "1"}, {"C1", "2"}});
  source.PublishUnit("b.csv", "b", {{"C1", "2"}, {"C3", "1"}});
  exchange.Settle();
  Received visits;
  TestSink(*exchange, "tax-visits").TakeAll(visits);
  CHECK(visits.log.size() == 4);
  const auto runs = exchange->runs();
  CHECK(runs[0].verdicts.at(ledger::Verdict::kDuplicate) == 1);
  CHECK(runs[1].verdicts.at(ledger::Verdict::kDuplicate) == 1);
  RequireBalanced(exchange);
}

TEST_CASE("a late subscriber starts with the past it asked for") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  TestSource source(*exchange, "registry", "companies");
  source.PublishUnit("day1.csv", "id1", Companies(60, "a"), 7);
  auto day2 = Companies(60, "a");
  for (size_t i = 0; i < 20; ++i) day2[i][2] = "b";
  source.PublishUnit("day2.csv", "id2", day2, 7);
  exchange.Settle();
  Received old_hand;
  TestSink(*exchange, "tax").TakeAll(old_hand);

  exchange.Apply(R"(
subscriptions:
  - {name: late-all, grant: all-companies, start: beginning}
  - {name: late-present, grant: all-companies, start: present}
  - {name: late-now, grant: all-companies, start: now}
)");
  exchange.Settle();
  if (GENERATE(false, true)) {
    exchange.Reopen();
    exchange.Settle();
  }
  auto day3 = Companies(61, "a");
  day3[5][2] = "c";
  TestSource(*exchange, "registry", "companies").PublishUnit("day3.csv", "id3", {day3[5], day3[60]});
  exchange.Settle();
  TestSink(*exchange, "tax").TakeAll(old_hand);
  Received all;
  Received present;
  Received now;
  TestSink(*exchange, "late-all").TakeAll(all);
  TestSink(*exchange, "late-present").TakeAll(present);
  TestSink(*exchange, "late-now").TakeAll(now);
  CHECK(all.state == old_hand.state);
  CHECK(present.state == old_hand.state);
  CHECK(all.log.size() == 82);
  CHECK(present.log.size() == 62);
  CHECK(now.log.size() == 2);
  RequireBalanced(exchange);
}

}  // namespace datong
