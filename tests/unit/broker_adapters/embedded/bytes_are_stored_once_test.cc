// SPDX-License-Identifier: Apache-2.0
// Payload bytes are written once however many topics they go to, and their space comes back when no topic needs them.
#include "tests/support/temporary_directory.h"
#include "tests/unit/broker_adapters/embedded/embedded_fixture.h"

namespace datong::embedded {
namespace {

constexpr size_t kBodyBytes = 100'000;

void MakeMoreTopics(broker::Broker& broker) {
  for (const char* topic : {"pub", "deliver-1", "deliver-2"}) REQUIRE(broker.CreateTopic(topic, {}).ok());
}

void Forward(broker::Broker& broker, const std::string& to, const broker::Body& body) {
  auto writer = broker.OpenWriter("forwarder").value();
  auto transaction = writer->Begin().value();
  transaction->Append({to, 0}, "", "", body);
  REQUIRE(transaction->Commit().ok());
}

TEST_CASE("a body is stored once within a transaction, and forwarding what was read stores nothing") {
  for (const size_t cache : {size_t{0}, size_t{1} << 20}) {
    const tests::TemporaryDirectory folder;
    const EmbeddedOptions options{.directory = folder.path() + "/exchange", .body_cache_bytes = cache};
    INFO("cache of " << cache);
    {
      auto broker = Opened(options);
      MakeMoreTopics(*broker);
      auto writer = broker->OpenWriter("publisher").value();
      auto transaction = writer->Begin().value();
      const broker::Body body(LargeBody(1, kBodyBytes));
      transaction->Append({"pub", 0}, "", "", body);
      transaction->Append({"deliver-1", 0}, "", "", body);
      REQUIRE(transaction->Commit().ok());
      CHECK(SegmentBytes(options.directory) < kBodyBytes + 200);
      Forward(*broker, "deliver-2", Everything(*broker, "pub")->at(0).body);
      CHECK(SegmentBytes(options.directory) < kBodyBytes + 200);
    }
    auto broker = Opened(options);
    const auto read = Everything(*broker, "deliver-2").value();
    CHECK(read.at(0).body.bytes() == LargeBody(1, kBodyBytes));
    Forward(*broker, "pub", read.at(0).body);
    CHECK(SegmentBytes(options.directory) < kBodyBytes + 200);
    CHECK(Everything(*broker, "pub").value().size() == 2);
  }
}

TEST_CASE("a segment goes when its last message goes, and a ledger that copied from it does not hold it") {
  const tests::TemporaryDirectory folder;
  const EmbeddedOptions options{.directory = folder.path() + "/exchange", .segment_bytes_max = 250'000};
  auto broker = Opened(options);
  MakeMoreTopics(*broker);
  REQUIRE(broker->CreateTopic("ledger", {broker::TopicKind::kLedger, 1}).ok());
  auto writer = broker->OpenWriter("publisher").value();
  for (uint64_t i = 0; i < 12; ++i) {
    auto transaction = writer->Begin().value();
    const broker::Body body(LargeBody(i, kBodyBytes));
    transaction->Append({"pub", 0}, "", "", body);
    if (i == 4) transaction->Append({"deliver-1", 0}, "", "", body);
    if (i == 8) transaction->Append({"ledger", 0}, "", "", body);
    REQUIRE(transaction->Commit().ok());
  }
  CHECK(SegmentBytes(options.directory) > 13 * kBodyBytes);
  REQUIRE(broker->DropBefore({"pub", 0}, broker->Bounds({"pub", 0})->end).ok());
  // Left: the segment that deliver-1 needs (3 bodies), the one being written (3), the ledger's copy.
  CHECK(SegmentBytes(options.directory) < 7 * kBodyBytes + 1'000);
  CHECK(Everything(*broker, "deliver-1")->at(0).body.bytes() == LargeBody(4, kBodyBytes));
  CHECK(Everything(*broker, "ledger")->at(0).body.bytes() == LargeBody(8, kBodyBytes));
  REQUIRE(broker->DropBefore({"deliver-1", 0}, broker->Bounds({"deliver-1", 0})->end).ok());
  CHECK(SegmentBytes(options.directory) < 4 * kBodyBytes + 1'000);
}

}  // namespace
}  // namespace datong::embedded
