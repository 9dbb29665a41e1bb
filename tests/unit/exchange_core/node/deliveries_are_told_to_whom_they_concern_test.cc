// SPDX-License-Identifier: Apache-2.0
// Of many subscriptions, those that get something hear of it, each time, and no others; and who promises to tell, does.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/test_exchange.h"

namespace datong {
namespace {

using tests::TestExchange;
using tests::TestSource;

constexpr char kCatalog[] = R"(
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 1, key: [code],
     items: [code, name, address]}
  - {name: shops, provider: registry, key_domain: company, kind: entity, partitions: 1, key: [code],
     items: [code, name, address]}
grants:
  - {name: companies, resource: companies, department: tax, items: all, purpose: test}
  - {name: shops, resource: shops, department: tax, items: all, purpose: test}
subscriptions:
  - {name: companies, grant: companies, start: beginning}
  - {name: shops, grant: shops, start: beginning}
)";
constexpr char kLater[] = R"(
subscriptions: [{name: later, grant: companies, start: beginning}]
)";

struct Listening {
  Listening(TestExchange& exchange, const std::string& subscription)
      : session(exchange->client().OpenSubscription(subscription).value()) {
    session->Listen([this] { ++told; });
  }
  // Everything that is there; whether more will be told.
  bool Take() {
    while (true) {
      const auto fetched = session->Fetch(1000).value();
      for (const client::Delivery& delivery : fetched.deliveries) records += delivery.batch.size();
      if (fetched.next_position == session->next_position()) return fetched.will_tell;
      REQUIRE(session->Acknowledge(fetched.next_position, {}).ok());
    }
  }
  int told = 0;
  size_t records = 0;
  std::unique_ptr<client::DeliverySession> session;
};

TEST_CASE("whoever gets something is told, and nobody else") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  exchange.Settle();
  Listening companies(exchange, "companies"), shops(exchange, "shops");
  REQUIRE(companies.Take());
  REQUIRE(shops.Take());
  TestSource source(*exchange, "companies-in", "companies");
  for (int file = 1; file <= 3; ++file) {
    const int before = companies.told;
    const std::string number = std::to_string(file);
    source.PublishUnit(number, number, {{"C" + number, "name", "here"}});
    exchange.Settle();
    CHECK(companies.told > before);
    CHECK(companies.Take());
    CHECK(companies.records == static_cast<size_t>(file));
  }
  CHECK(shops.told == 0);
  companies.session.reset();
  const int before = companies.told;
  source.PublishUnit("4", "4", {{"C4", "name", "here"}});
  exchange.Settle();
  CHECK(companies.told == before);
}

TEST_CASE("what is sent again to a later subscription is told to it, or it is not promised") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  TestSource source(*exchange, "companies-in", "companies");
  source.PublishUnit("1", "1", {{"C1", "name", "here"}, {"C2", "name", "there"}});
  exchange.Settle();
  exchange.Apply(kLater);
  Listening later(exchange, "later");
  // Between two looks nothing may come that neither was promised nor told.
  bool promised = later.Take();
  for (int turn = 0; turn < 200; ++turn) {
    const int told = later.told;
    const size_t records = later.records;
    exchange.Turn();
    const bool still = later.Take();
    if (later.records != records) CHECK((!promised || later.told > told));
    promised = still;
  }
  CHECK(later.records == 2);
  CHECK(promised);
}

}  // namespace
}  // namespace datong
