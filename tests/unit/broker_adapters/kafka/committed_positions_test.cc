// SPDX-License-Identifier: Apache-2.0
// What the exchange said of a group's position survives beside the offset that Kafka's own tools want to see.
#include "broker_adapters/kafka/committed_positions.h"

#include <catch2/catch.hpp>

namespace datong::kafka {
namespace {

TEST_CASE("a remark says the position, and a foreign one says nothing") {
  for (const broker::Position position : {broker::Position{0}, broker::Position{17}, ~broker::Position{0}}) {
    CHECK(PositionInRemark(RemarkOf(position)) == position);
  }
  for (const char* foreign : {"", "17", "position", "position ", "position -1", "position 1x", "Position 1"}) {
    CHECK_FALSE(PositionInRemark(foreign).has_value());
  }
}

}  // namespace
}  // namespace datong::kafka
