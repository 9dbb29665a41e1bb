// SPDX-License-Identifier: Apache-2.0
// What the exchange calls its things, and what Kafka calls them, lead to each other.
#include "broker_adapters/kafka/names.h"

#include <catch2/catch.hpp>

#include "broker_adapters/kafka/offsets.h"
#include "broker_adapters/kafka/topic_settings.h"

namespace datong::kafka {
namespace {

TEST_CASE("an exchange's topics are its own") {
  const Names city = Names::Of("city").value();
  CHECK(city.Topic("pub.7").value() == "city.pub.7");
  CHECK(city.Group("lane.0") == "city.lane.0");
  CHECK(city.TransactionalId("lane.0") == "city.lane.0");
  CHECK(city.OwnTopic("city.pub.7") == "pub.7");
  for (const char* foreign : {"city", "city.", "cityhall.pub.7", "other.city.pub.7", "__consumer_offsets"}) {
    CHECK_FALSE(city.OwnTopic(foreign).has_value());
  }
}

TEST_CASE("what Kafka cannot hold is refused before it is sent") {
  for (const char* exchange : {"", "a.b", "a b", "\xe5\xb8\x82", "a/b"}) {
    CHECK(absl::IsInvalidArgument(Names::Of(exchange).status()));
  }
  CHECK(absl::IsInvalidArgument(Names::Of(std::string(101, 'a')).status()));
  const Names city = Names::Of("city").value();
  CHECK(absl::IsInvalidArgument(city.Topic("").status()));
  CHECK(absl::IsInvalidArgument(city.Topic("pub 7").status()));
  CHECK(city.Topic(std::string(249 - 5, 't')).ok());
  CHECK(absl::IsInvalidArgument(city.Topic(std::string(250 - 5, 't')).status()));
}

TEST_CASE("offsets and positions") {
  CHECK(OffsetOf(0) == 0);
  for (const int64_t offset : {int64_t{0}, int64_t{1}, int64_t{1} << 60}) CHECK(OffsetOf(PositionOf(offset)) == offset);
  CHECK(BeginOf(0) == 0);
  CHECK(BeginOf(20) == PositionOf(20));
}

TEST_CASE("a topic's kind is found again in its settings") {
  for (const auto kind : {broker::TopicKind::kRecords, broker::TopicKind::kLedger, broker::TopicKind::kControl}) {
    int found = 0;
    for (const TopicSetting& setting : TopicSettings(kind, {3, 2})) {
      if (setting.name == kKindSetting) CHECK(KindOf(setting.value) == kind);
      found += setting.name == kKindSetting ? 1 : 0;
    }
    CHECK(found == 1);
  }
  for (const char* other : {"", "0", "4", "11", "-1"}) CHECK_FALSE(KindOf(other).has_value());
}

}  // namespace
}  // namespace datong::kafka
