// SPDX-License-Identifier: Apache-2.0
// Messages that come from another engine stand at the positions that they had there, whatever was dropped before them
// and whatever gaps lie between them, and the exchange's own follow behind them.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "broker_adapters/kafka/kafka_broker.h"
#include "broker_adapters/kafka/log_copy.h"
#include "tests/kafka/kafka_for_tests.h"
#include "tests/kafka/records_topic.h"

namespace datong::kafka {
namespace {

using tests::KafkaForTests;

const broker::TopicPartition kRecords{"records", 0};
constexpr base::TimeUs kTime = 1'700'000'000'000'000;

broker::Message At(broker::Position position) {
  const std::string name = std::to_string(position);
  return {position, "key " + name, "envelope " + name, broker::Body("body " + name),
          kTime + static_cast<base::TimeUs>(position) * 1'000};
}

struct Place {
  const KafkaOptions options = FreshExchange(KafkaForTests::Shared());
  const std::unique_ptr<broker::Broker> broker = Open(options);
  std::unique_ptr<LogCopy> copy = MakeCopy();

  std::unique_ptr<LogCopy> MakeCopy() {
    auto made = LogCopy::Open(options);
    INFO(made.status().ToString());
    REQUIRE(made.ok());
    return *std::move(made);
  }
  void Write(const std::vector<broker::Position>& positions) {
    REQUIRE(copy->MakeTopic("records", {}).ok());
    REQUIRE(copy->Begin(kRecords, copy->Next(kRecords).value()).ok());
    for (const broker::Position position : positions) REQUIRE(copy->Append(At(position), {{"ce_id", "x"}}).ok());
    const absl::Status flushed = copy->Flush();
    INFO(flushed.ToString());
    REQUIRE(flushed.ok());
  }
  std::vector<broker::Position> Read(broker::Position from) {
    std::vector<broker::Position> positions;
    auto reader = broker->OpenReader(kRecords, from).value();
    while (true) {
      const auto messages = reader->Poll({});
      INFO(messages.status().ToString());
      REQUIRE(messages.ok());
      if (messages->empty()) return positions;
      for (const broker::Message& one : *messages) {
        const broker::Message wanted = At(one.position);
        CHECK(one.key == wanted.key);
        CHECK(one.envelope == wanted.envelope);
        CHECK(one.body.bytes() == wanted.body.bytes());
        CHECK(one.append_time == wanted.append_time);
        positions.push_back(one.position);
      }
    }
  }
};

TEST_CASE("messages keep their positions, and gaps stay gaps") {
  Place place;
  const std::vector<broker::Position> positions{4, 5, 9, 10, 11, 20};
  place.Write(positions);
  CHECK(place.Read(0) == positions);
  CHECK(place.Read(9) == std::vector<broker::Position>{9, 10, 11, 20});
  CHECK(place.Read(12) == std::vector<broker::Position>{20});
  CHECK(place.broker->ReadAt(kRecords, 9)->body.bytes() == "body 9");
  CHECK(absl::IsNotFound(place.broker->ReadAt(kRecords, 7).status()));
  CHECK(place.copy->Next(kRecords).value() == 21);
  CHECK(place.broker->Bounds(kRecords)->end == 21);
}

TEST_CASE("what was dropped before the first message is dropped here") {
  Place place;
  place.Write({1'000, 1'001});
  REQUIRE(place.broker->DropBefore(kRecords, 1'000).ok());
  CHECK(place.broker->Bounds(kRecords)->begin == 1'000);
  CHECK(absl::IsOutOfRange(place.broker->OpenReader(kRecords, 0).value()->Poll({}).status()));
  CHECK(place.Read(1'000) == std::vector<broker::Position>{1'000, 1'001});
}

TEST_CASE("a log of which nothing is kept begins and ends where it did") {
  Place place;
  REQUIRE(place.copy->MakeTopic("records", {}).ok());
  REQUIRE(place.copy->Begin(kRecords, 1).ok());
  REQUIRE(place.copy->Fill(51).ok());
  REQUIRE(place.copy->Flush().ok());
  REQUIRE(place.broker->DropBefore(kRecords, 51).ok());
  const auto bounds = place.broker->Bounds(kRecords);
  CHECK(bounds->begin == 51);
  CHECK(bounds->end == 51);
  CHECK(place.Read(51).empty());
}

TEST_CASE("another copy goes on behind the first, and a taken position is refused") {
  Place place;
  place.Write({1, 2, 3});
  place.copy = place.MakeCopy();
  place.Write({4, 6});
  CHECK(place.Read(0) == std::vector<broker::Position>{1, 2, 3, 4, 6});
  CHECK(absl::IsFailedPrecondition(place.copy->Append(At(6), {})));
}

TEST_CASE("what lands elsewhere is told") {
  Place place;
  place.Write({1, 2});
  REQUIRE(place.copy->Begin(kRecords, 2).ok());  // not where it ends
  REQUIRE(place.copy->Append(At(2), {}).ok());
  const absl::Status flushed = place.copy->Flush();
  CHECK(absl::IsDataLoss(flushed));
  CHECK(Says(flushed, "offset 2"));
}

TEST_CASE("the exchange goes on behind what was carried over, with its own times") {
  Place place;
  place.Write({1, 3});
  REQUIRE(place.copy->Seal("records").ok());
  auto writer = place.broker->OpenWriter("lane.0").value();
  REQUIRE(Commit(*writer, "own", 4).ok());
  CHECK(place.broker->CommittedPosition("group", kRecords)->value() == 4);
  auto reader = place.broker->OpenReader(kRecords, 4).value();
  const auto own = reader->Poll({});
  REQUIRE(own.ok());
  REQUIRE(own->size() == 1);
  CHECK(own->front().position == 4);
  CHECK(own->front().body.bytes() == "own");
  CHECK(own->front().append_time > kTime + 1'000'000);
  CHECK(place.broker->DescribeTopic("records")->kind == broker::TopicKind::kRecords);
}

}  // namespace
}  // namespace datong::kafka
