// SPDX-License-Identifier: Apache-2.0
// Whatever fails while deliveries are read, none is passed over; and they end when their grant does.
#include <catch2/catch.hpp>
#include <string>

#include "tests/support/quota_file_system.h"
#include "tests/support/test_exchange.h"
#include "tests/support/test_sink.h"

namespace datong {
namespace {

using tests::Received;
using tests::TestExchange;
using tests::TestSink;
using tests::TestSource;
using Rows = std::vector<TestSource::Row>;

constexpr char kCatalog[] = R"(
departments: [{name: registry}, {name: tax}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 2, key: [code],
     items: [code, name, address]}
grants:
  - {name: all-companies, resource: companies, department: tax, items: all, purpose: test, valid_until: "2023-12-31"}
subscriptions:
  - {name: tax, grant: all-companies, start: beginning}
)";

std::string Noise(size_t bytes, base::SeededRandom& random) {
  std::string noise(bytes, ' ');
  for (char& c : noise) c = static_cast<char>('!' + random.Below(90));
  return noise;
}

// Of bodies so large that they lie in segment files, each a batch of its own.
void PublishLarge(TestExchange& exchange, size_t units) {
  TestSource source(*exchange, "files", "companies");
  base::SeededRandom random(1);
  for (size_t unit = 0; unit < units; ++unit) {
    const std::string number = std::to_string(unit);
    source.PublishUnit("f" + number, "content " + number, {{"C" + number, "name", Noise(20'000, random)}});
    exchange.Settle();
  }
}

TEST_CASE("a file that cannot be opened for a moment costs no delivery") {
  constexpr size_t kUnits = 12;
  const int failing = GENERATE(1, 2, 3);
  tests::QuotaFileSystem disk(base::PosixFileSystem());
  TestExchange exchange(2, disk);
  exchange.Apply(kCatalog);
  PublishLarge(exchange, kUnits);
  exchange.Reopen();  // nothing is in memory any more
  exchange.Settle();
  auto session = exchange->client().OpenSubscription("tax");
  REQUIRE(session.ok());
  disk.FailTwoOpenings(failing);
  std::vector<std::string> got;
  for (int quiet = 0; quiet < 3;) {
    const auto fetched = (*session)->Fetch(1000);
    if (!fetched.ok()) {
      REQUIRE(absl::IsUnavailable(fetched.status()));
      continue;
    }
    quiet = fetched->deliveries.empty() ? quiet + 1 : 0;
    for (const client::Delivery& delivery : fetched->deliveries) got.push_back(delivery.batch.header.files[0].name);
    if (fetched->next_position != (*session)->next_position()) {
      REQUIRE((*session)->Acknowledge(fetched->next_position, {}).ok());
    }
  }
  CHECK(disk.HasFailedOpenings());
  CHECK(got.size() == kUnits);
  const node::Books books = exchange->books();
  CHECK(books.balanced());
}

TEST_CASE("a reason that is no text does not spoil the journal, and many reasons fit") {
  TestExchange exchange;
  exchange.Apply(kCatalog);
  PublishLarge(exchange, 1);
  auto session = exchange->client().OpenSubscription("tax");
  REQUIRE(session.ok());
  const auto fetched = (*session)->Fetch(10);
  REQUIRE(fetched.ok());
  std::vector<client::RefusedDelivery> refused(30'000, {0, 1, std::string(1000, '\xb9')});
  REQUIRE((*session)->Acknowledge(fetched->next_position, refused).ok());
  session->reset();
  exchange.Reopen();
  exchange.Settle();
}

TEST_CASE("nothing is delivered beyond the end of a grant") {
  TestExchange exchange;  // its clock begins in November 2023
  exchange.Apply(kCatalog);
  PublishLarge(exchange, 1);
  TestSink sink(*exchange, "tax");
  Received received;
  sink.TakeAll(received);
  CHECK(received.inserts == 1);
  exchange.clock().Advance(base::TimeUs{86'400} * 1'000'000 * 60);
  PublishLarge(exchange, 3);
  sink.TakeAll(received);
  CHECK(received.log.size() == 1);
}

}  // namespace
}  // namespace datong
