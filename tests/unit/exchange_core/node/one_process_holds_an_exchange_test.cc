// SPDX-License-Identifier: Apache-2.0
// Where several machines reach the topics of an exchange, one process works on it; the next one takes over when it has
// gone, and what the one before had begun can land no more.
#include <catch2/catch.hpp>
#include <string>

#include "broker_adapters/embedded/embedded_broker.h"
#include "exchange_core/node/exchange_lease.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_exchange.h"

namespace datong::node {
namespace {

constexpr base::TimeUs kLease = 2'000'000;

class Place {
 public:
  Place() {
    embedded::EmbeddedOptions options;
    options.directory = directory_.path();
    options.clock = &clock;
    options.durability = embedded::Durability::kOs;
    options.position_gap_max = 5;
    auto opened = embedded::OpenEmbeddedBroker(options);
    REQUIRE(opened.ok());
    broker = *std::move(opened);
  }

  absl::StatusOr<std::unique_ptr<ExchangeLease>> Take(const std::string& holder, const ExchangeLease::Wait& wait) {
    ExchangeLease::Options options;
    options.broker = broker.get();
    options.clock = &clock;
    options.holder = holder;
    options.instance = ++instances_;
    options.lease_us = kLease;
    return ExchangeLease::Take(options, wait);
  }
  std::unique_ptr<ExchangeLease> MustTake(const std::string& holder, const ExchangeLease::Wait& wait) {
    auto taken = Take(holder, wait);
    INFO(taken.status());
    REQUIRE(taken.ok());
    return *std::move(taken);
  }

  tests::StepClock clock;
  std::unique_ptr<broker::Broker> broker;

 private:
  tests::TemporaryDirectory directory_;
  uint64_t instances_ = 0;
};

bool NeverWait(const std::string&, bool) {
  FAIL("nobody holds it, and yet it is waited for");
  return false;
}

TEST_CASE("the first holder need not wait, nor one after an orderly end") {
  Place place;
  place.MustTake("one", NeverWait)->Release();
  place.MustTake("two", NeverWait)->Release();
  place.MustTake("three", NeverWait);
}

TEST_CASE("while the holder lives nobody else takes over, however long it is waited") {
  Place place;
  const auto holder = place.MustTake("process 1", NeverWait);
  int waited = 0;
  bool seen_alive = false;
  const auto refused = place.Take("process 2", [&](const std::string& other, bool alive) {
    CHECK(other == "process 1");
    seen_alive = seen_alive || alive;
    place.clock.Advance(kLease / 4);
    holder->Step();
    return ++waited < 100;
  });
  CHECK(absl::IsFailedPrecondition(refused.status()));
  CHECK(std::string(refused.status().message()).find("process 1") != std::string::npos);
  CHECK(waited == 100);
  CHECK(seen_alive);
  CHECK(holder->status().ok());
}

TEST_CASE("a holder that has gone silent is followed after one lease, and learns it when it wakes") {
  Place place;
  const auto sleeper = place.MustTake("sleeper", NeverWait);
  base::TimeUs waited = 0;
  const auto next = place.MustTake("next", [&](const std::string&, bool alive) {
    CHECK_FALSE(alive);
    place.clock.Advance(kLease / 10);
    waited += kLease / 10;
    return true;
  });
  CHECK(waited >= kLease);
  CHECK(waited <= kLease + kLease / 5);
  place.clock.Advance(kLease);
  for (int step = 0; step < 5 && sleeper->status().ok(); ++step) {
    sleeper->Step();
    place.clock.Advance(kLease);
  }
  CHECK(absl::IsAborted(sleeper->status()));
  CHECK(std::string(sleeper->status().message()).find("next") != std::string::npos);
  // What it does at its end must not look like the end of the other.
  sleeper->Release();
  const auto third = place.Take("third", [](const std::string& other, bool) {
    CHECK(other == "next");
    return false;
  });
  CHECK(absl::IsFailedPrecondition(third.status()));
  next->Step();
  CHECK(next->status().ok());
}

TEST_CASE("a holder whose writer was taken by one that came too late goes on") {
  Place place;
  const auto holder = place.MustTake("holder", NeverWait);
  REQUIRE(place.broker->OpenWriter("holder").ok());  // and does not claim: it has seen that it is held
  for (int step = 0; step < 4; ++step) {
    place.clock.Advance(kLease / 3);
    holder->Step();
  }
  CHECK(holder->status().ok());
  const auto refused = place.Take("other", [](const std::string& other, bool) {
    CHECK(other == "holder");
    return false;
  });
  CHECK(absl::IsFailedPrecondition(refused.status()));
}

TEST_CASE("old claims are dropped, and a late reader finds the last one") {
  Place place;
  const auto holder = place.MustTake("holder", NeverWait);
  const auto first = place.broker->Bounds({"holder", 0})->begin;
  for (int step = 0; step < 3'000; ++step) {
    place.clock.Advance(kLease / 3);
    holder->Step();
  }
  CHECK(place.broker->Bounds({"holder", 0})->begin > first);
  const auto refused = place.Take("other", [](const std::string& other, bool) {
    CHECK(other == "holder");
    return false;
  });
  CHECK(absl::IsFailedPrecondition(refused.status()));
}

TEST_CASE("what an earlier holder has begun can land no more") {
  tests::TestExchange exchange;
  exchange.Apply(R"(
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2, key: [code],
     items: [code, name, address]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
subscriptions:
  - {name: tax, grant: all, start: beginning}
)");
  auto source = exchange->client().OpenPublisher("files", "companies");
  REQUIRE(source.ok());
  REQUIRE((*source)->BeginUnit({.name = "a.csv", .identity = "1"}).ok());
  auto subscriber = exchange->client().OpenSubscription("tax");
  REQUIRE(subscriber.ok());
  const auto end = exchange->broker().Bounds({"sources", 0})->end;
  const absl::Status fenced = FenceEarlierHolder(exchange->broker());
  INFO(fenced);
  REQUIRE(fenced.ok());
  CHECK(absl::IsAborted((*source)->EndUnit("", true, "")));
  CHECK(exchange->broker().Bounds({"sources", 0})->end == end);
  // Its own next sessions are newer holders, and may go on.
  source = exchange->client().OpenPublisher("files", "companies");
  REQUIRE(source.ok());
  CHECK((*source)->unfinished().has_value());
}

}  // namespace
}  // namespace datong::node
