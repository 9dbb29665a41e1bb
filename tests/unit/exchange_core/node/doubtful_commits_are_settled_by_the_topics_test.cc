// SPDX-License-Identifier: Apache-2.0
// Whoever does not know what became of a commit, or finds its writer taken, opens it again and reads what happened: no
// row and no receipt is written twice, none is missing, and the exchange need not be opened anew for it.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong::node {
namespace {

using tests::Received;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;
using Fate = tests::FlakyBroker::Fate;
using tests::Rows;
using tests::SomeRows;

constexpr char kDepartments[] = "departments: [{name: registry}, {name: tax}]\n";
constexpr char kCatalog[] = R"(
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2, key: [code],
     items: [code, name, address]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
)";

void Spare(TestExchange& exchange) { exchange.flaky().SetFate(nullptr); }

TEST_CASE("a source that does not know what became of a commit goes on where the journal says") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  const int commit = GENERATE(0, 1, 2, 3, 4);                         // begin, three publishes, end
  const std::string identity = GENERATE(as<std::string>{}, "1", "");  // known at the beginning, or at the end
  CAPTURE(static_cast<int>(fate), commit, identity);
  TestExchange exchange;
  exchange.Apply(kCatalog);
  {
    TestSource source(*exchange, "files", "companies");
    exchange.flaky().Strike(commit, fate);
    source.PublishUnit("a.csv", identity, SomeRows(30), 10);
    Spare(exchange);
  }
  exchange.Settle();
  const auto runs = exchange->runs();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].state == RunBooks::State::kComplete);
  CHECK(runs[0].rows_published == 30);
  const Books books = exchange->books();
  CHECK(books.balanced());
  CHECK(books.resources[0].published == 30);
  CHECK(books.resources[0].verdicts.at(ledger::Verdict::kInserted) == 30);
  CHECK(books.resources[0].verdicts.size() == 1);
}

TEST_CASE("a source that was never seen before is registered once, whatever becomes of the commit") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  CAPTURE(static_cast<int>(fate));
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.flaky().Strike(0, fate);
  CHECK(absl::IsUnavailable(exchange->client().OpenPublisher("files", "companies").status()));
  Spare(exchange);
  const auto again = exchange->client().OpenPublisher("files", "companies");
  REQUIRE(again.ok());
  CHECK((*again)->source_id() == 1);
  const auto other = exchange->client().OpenPublisher("others", "companies");
  REQUIRE(other.ok());
  CHECK((*other)->source_id() == 2);
}

TEST_CASE("a receipt in doubt is written once") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  CAPTURE(static_cast<int>(fate));
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource(*exchange, "files", "companies").PublishUnit("a.csv", "1", SomeRows(30), 10);
  exchange.Settle();
  const auto session = exchange->client().OpenSubscription("tax");
  REQUIRE(session.ok());
  size_t fetched_records = 0;
  uint64_t next = 0;
  std::vector<client::RefusedDelivery> refused;
  while (true) {
    const auto fetched = (*session)->Fetch(100);
    REQUIRE(fetched.ok());
    if (fetched->deliveries.empty()) break;
    for (const auto& delivery : fetched->deliveries) {
      if (refused.empty()) refused.push_back({delivery.lane, delivery.first_sequence, "as it happens"});
      fetched_records += delivery.batch.size();
    }
    next = fetched->next_position;
  }
  REQUIRE(fetched_records == 30);
  exchange.flaky().Strike(0, fate);
  CHECK(absl::IsUnavailable((*session)->Acknowledge(next, refused)));
  Spare(exchange);
  CHECK((*session)->Acknowledge(next, refused).ok());
  CHECK((*session)->next_position() == next);
  const Books books = exchange->books();
  CHECK(books.balanced());
  CHECK(books.subscriptions[0].applied == 29);
  CHECK(books.subscriptions[0].refused == 1);
}

TEST_CASE("a catalog change in doubt has landed or has not, and the answer says which") {
  const Fate fate = GENERATE(Fate::kLostBefore, Fate::kLostAfter);
  CAPTURE(static_cast<int>(fate));
  TestExchange exchange;
  exchange.Apply(kDepartments);
  const uint64_t before = exchange->catalog()->version();
  exchange.flaky().Strike(0, fate);
  const auto planned = exchange->ApplyCatalog(kCatalog, "test", false);
  Spare(exchange);
  if (fate == Fate::kLostAfter) {
    CHECK(planned.ok());
    CHECK(exchange->catalog()->version() == before + 1);
  } else {
    CHECK(absl::IsUnavailable(planned.status()));
    CHECK(exchange->catalog()->version() == before);
    exchange.Apply(kCatalog);
  }
  TestSource(*exchange, "files", "companies").PublishUnit("a.csv", "1", SomeRows(3));
  exchange.Settle();
  Received received;
  TestSink(*exchange, "tax").TakeAll(received);
  CHECK(received.inserts == 3);
  CHECK(exchange->books().balanced());
}

TEST_CASE(
    "whose writers were taken by one that is not the holder opens them again; whoever lost the exchange does not") {
  const bool lost = GENERATE(false, true);
  CAPTURE(lost);
  bool confirmed = true;
  TestExchange exchange;
  exchange.confirm_holder = [&] { return confirmed ? absl::OkStatus() : absl::AbortedError("taken over by another"); };
  exchange.Reopen();
  exchange.Apply(kCatalog);
  auto source = exchange->client().OpenPublisher("files", "companies");
  REQUIRE(source.ok());
  REQUIRE((*source)->BeginUnit({.name = "a.csv", .identity = "1"}).ok());
  REQUIRE(exchange->broker().OpenWriter("source.files").ok());
  confirmed = !lost;
  const auto end = exchange->broker().Bounds({"sources", 0})->end;
  const absl::Status ended = (*source)->EndUnit("", true, "", "");
  if (lost) {
    CHECK(absl::IsAborted(ended));
    CHECK(absl::IsAborted((*source)->EndUnit("", true, "", "")));
    CHECK(absl::IsAborted(exchange->client().OpenPublisher("others", "companies").status()));
    CHECK(absl::IsAborted(exchange->client().OpenSubscription("tax").status()));
    CHECK(exchange->broker().Bounds({"sources", 0})->end == end);
  } else {
    CHECK(absl::IsUnavailable(ended));
    CHECK((*source)->EndUnit("", true, "", "").ok());
    CHECK(exchange->runs()[0].state == RunBooks::State::kComplete);
  }
}

TEST_CASE("a session that was opened anew in its own process is the only one") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  const auto older = exchange->client().OpenPublisher("files", "companies");
  REQUIRE((*older)->BeginUnit({.name = "a.csv", .identity = "1"}).ok());
  const auto newer = exchange->client().OpenPublisher("files", "companies");
  CHECK(absl::IsAborted((*older)->EndUnit("", true, "", "")));
  CHECK(absl::IsAborted((*older)->EndUnit("", true, "", "")));
  REQUIRE((*newer)->unfinished().has_value());
  CHECK((*newer)->EndUnit("", true, "", "").ok());
}

TEST_CASE("whoever takes the lead takes over the writers of sources that the one before it may have open") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  auto source = exchange->client().OpenPublisher("files", "companies");
  REQUIRE(source.ok());
  source->reset();
  const auto before = exchange->broker().OpenWriter("source.files");
  const auto registrar = exchange->broker().OpenWriter("sources");
  REQUIRE(before.ok());
  REQUIRE(exchange->TakeLead().ok());
  CHECK(absl::IsAborted((*before)->Begin().status()));
  CHECK(absl::IsAborted((*registrar)->Begin().status()));
}

}  // namespace
}  // namespace datong::node
