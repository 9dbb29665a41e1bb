// SPDX-License-Identifier: Apache-2.0
// Whatever is lost between a department and whoever leads - a commit, an answer, the leader itself - no row is
// delivered twice and none is missing; and of two connectors with one identity the later has it.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_department.h"
#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong::agency {
namespace {

using tests::Received;
using tests::TestDepartment;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;
using Fate = tests::FlakyBroker::Fate;
using tests::Rows;
using tests::SomeRows;

constexpr uint32_t kRegistry = 1, kTax = 2;
constexpr char kCatalog[] = R"(
departments: [{name: registry, kafka_user: r}, {name: tax, kafka_user: t}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2, key: [code],
     items: [code, name, address]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
connectors:
  - {name: in, kind: agency, source: {resource: companies}}
  - {name: out, kind: agency, sink: {subscription: tax}}
)";

void Serve(TestExchange& exchange) {
  for (int turn = 0; turn < 4; ++turn) {
    exchange.clock().Advance(2'000'000);
    exchange.Settle();
  }
}

}  // namespace

TEST_CASE("a department's source goes on where the journal says, whatever commit is lost") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  const int commit = GENERATE(range(0, 14));
  const std::string identity = GENERATE(as<std::string>{}, "1", "");  // known at the beginning, or at the end
  CAPTURE(static_cast<int>(fate), commit, identity);
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  {
    TestSource source(registry.client(), "in", "companies");
    exchange.flaky().Strike(commit, fate);
    source.PublishUnit("a.csv", identity, SomeRows(30), 10);
    exchange.flaky().SetFate(nullptr);
  }
  Serve(exchange);
  const auto runs = exchange->runs();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].state == node::RunBooks::State::kComplete);
  CHECK(runs[0].rows_published == 30);
  Received received;
  TestSink(tax.client(), "tax").TakeAll(received);
  CHECK(received.inserts == 30);
  CHECK(received.log.size() == 30);
  tests::RequireBalanced(exchange);
}

TEST_CASE("a department's full dump is whole, whatever commit is lost") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  const int commit = GENERATE(range(0, 12));
  CAPTURE(static_cast<int>(fate), commit);
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  TestSource source(registry.client(), "in", "companies");
  source.PublishDump("a.csv", SomeRows(20));
  Serve(exchange);
  exchange.flaky().Strike(commit, fate);
  source.PublishDump("b.csv", SomeRows(18));
  exchange.flaky().SetFate(nullptr);
  Serve(exchange);
  Received received;
  TestSink(tax.client(), "tax").TakeAll(received);
  CHECK(received.inserts == 20);
  CHECK(received.deletes == 2);
  CHECK(received.state.size() == 18);
  tests::RequireBalanced(exchange);
}

TEST_CASE("a department's receipt in doubt is written once") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  const int commit = GENERATE(0, 1, 2);
  CAPTURE(static_cast<int>(fate), commit);
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource(*exchange, "files", "companies").PublishUnit("a.csv", "1", SomeRows(30), 10);
  Serve(exchange);
  TestDepartment tax(exchange, kTax, "out", 12);
  const auto session = tax.client().OpenSubscription("tax");
  REQUIRE(session.ok());
  const auto fetched = (*session)->Fetch(1000);
  REQUIRE(fetched.ok());
  exchange.flaky().Strike(commit, fate);
  const auto acknowledge = [&] {
    return (*session)->Acknowledge(fetched->next_position, {{fetched->deliveries[0].lane, 1, "no"}});
  };
  absl::Status done = acknowledge();
  for (int i = 0; i < 6 && absl::IsUnavailable(done); ++i) done = acknowledge();
  INFO(done);
  CHECK(done.ok());
  exchange.flaky().SetFate(nullptr);
  Serve(exchange);
  CHECK(exchange->books().subscriptions[0].refused == 1);
  CHECK(exchange->books().subscriptions[0].in_flight == 0);
  tests::RequireBalanced(exchange);
  const auto more = (*session)->Fetch(1000);
  REQUIRE(more.ok());
  CHECK(more->deliveries.empty());
}

TEST_CASE("a new leader knows no session, and both ends go on") {
  TestExchange exchange;
  bool leads = true;
  exchange.leads = [&] { return leads; };
  exchange.Reopen();
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  TestSource source(registry.client(), "in", "companies");
  TestSink sink(tax.client(), "tax");
  Received received;
  const auto change_leader = [&] {
    leads = false;
    exchange.clock().Advance(1'000'000);
    exchange.Turn();
    leads = true;
  };
  const Rows rows = SomeRows(40);
  const client::UnitRun run = source.Begin({.name = "a.csv", .identity = "1"});
  for (size_t begin = 0; begin < 40; begin += 10) {
    change_leader();
    source.PublishRows(run, rows, begin, begin + 10);
    Serve(exchange);
    change_leader();
    auto fetched = sink.session().Fetch(1000);
    for (int i = 0; i < 6 && absl::IsUnavailable(fetched.status()); ++i) fetched = sink.session().Fetch(1000);
    REQUIRE(fetched.ok());
    for (const auto& one : fetched->deliveries) received.inserts += one.batch.size();
    change_leader();
    absl::Status done = sink.session().Acknowledge(fetched->next_position, {});
    for (int i = 0; i < 6 && absl::IsUnavailable(done); ++i) {
      done = sink.session().Acknowledge(fetched->next_position, {});
    }
    REQUIRE(done.ok());
  }
  change_leader();
  source.End("a.csv", true);
  Serve(exchange);
  CHECK(received.inserts == 40);
  REQUIRE(exchange->runs().size() == 1);
  CHECK(exchange->runs()[0].rows_published == 40);
  tests::RequireBalanced(exchange);
}

TEST_CASE("while nobody leads, that is said") {
  TestExchange exchange;
  bool leads = true;
  exchange.leads = [&] { return leads; };
  exchange.Reopen();
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11);
  leads = false;
  const absl::Status said = registry.client().DescribeResource("companies").status();
  CHECK(absl::IsUnavailable(said));
  CHECK(said.message().find("leads") != absl::string_view::npos);
  leads = true;
  CHECK(registry.client().DescribeResource("companies").ok());
}

TEST_CASE("who has lost the lead and not seen it yet tells no connector that it has lost anything") {
  TestExchange exchange;
  bool is_holder = true;
  exchange.confirm_holder = [&] {
    return is_holder ? absl::OkStatus() : absl::AbortedError("taken over by another process");
  };
  exchange.Reopen();
  exchange.Apply(kCatalog);
  TestDepartment registry(exchange, kRegistry, "in", 11), tax(exchange, kTax, "out", 12);
  // The desks have their writers, behind which nobody has asked for them since.
  REQUIRE(registry.client().DescribeResource("companies").ok());
  REQUIRE(tax.client().OpenSubscription("tax").ok());
  is_holder = false;
  CHECK(absl::IsUnavailable(registry.client().OpenPublisher("in", "companies").status()));
  CHECK(absl::IsUnavailable(tax.client().OpenSubscription("tax").status()));
  is_holder = true;
  CHECK(registry.client().OpenPublisher("in", "companies").ok());
  CHECK(tax.client().OpenSubscription("tax").ok());
}

TEST_CASE("of two connectors with one identity the later has it") {
  const bool leader_changes = GENERATE(false, true);
  CAPTURE(leader_changes);
  TestExchange exchange;
  bool leads = true;
  exchange.leads = [&] { return leads; };
  exchange.Reopen();
  exchange.Apply(kCatalog);
  TestDepartment first(exchange, kRegistry, "in", 11), second(exchange, kRegistry, "in", 12);
  TestSource older(first.client(), "in", "companies");
  older.PublishUnit("a.csv", "1", SomeRows(10), 5);
  TestSource newer(second.client(), "in", "companies");
  newer.PublishUnit("b.csv", "2", SomeRows(20), 10);
  if (leader_changes) {
    leads = false;
    exchange.clock().Advance(1'000'000);
    exchange.Turn();
    leads = true;
  }
  absl::Status said = older.session().BeginUnit({.name = "c.csv", .identity = "3"}).status();
  if (absl::IsUnavailable(said)) said = older.session().BeginUnit({.name = "c.csv", .identity = "3"}).status();
  INFO(said);
  CHECK(absl::IsAborted(said));
  if (!leader_changes) newer.PublishUnit("d.csv", "4", SomeRows(25), 10);
  Serve(exchange);
  TestDepartment tax(exchange, kTax, "out", 13), other_tax(exchange, kTax, "out", 14);
  TestSink sink(tax.client(), "tax");
  Received received;
  const auto fetched = sink.session().Fetch(1000);
  REQUIRE(fetched.ok());
  TestSink(other_tax.client(), "tax").TakeAll(received);
  CHECK(received.log.size() == (leader_changes ? 20 : 25));
  CHECK(absl::IsAborted(sink.session().Acknowledge(fetched->next_position, {})));
  tests::RequireBalanced(exchange);
}

}  // namespace datong::agency
