// SPDX-License-Identifier: Apache-2.0
// What an operator sees of writers that cannot be opened: those that somebody still asks for.
#include "broker_adapters/kafka/lost_writers.h"

#include <catch2/catch.hpp>

namespace datong::kafka {
namespace {

class StoppedClock final : public base::Clock {
 public:
  base::TimeUs Now() override { return now; }
  base::TimeUs Steady() override { return now; }
  base::TimeUs now = 1'000'000'000;
};

TEST_CASE("a writer is lost until it is opened, however often that failed") {
  StoppedClock clock;
  LostWriters lost(clock);
  CHECK(lost.Count() == 0);
  lost.Lost("lane.0");
  lost.Lost("lane.0");
  lost.Lost("lane.1");
  CHECK(lost.Count() == 2);
  lost.Opened("lane.0");
  CHECK(lost.Count() == 1);
  lost.Opened("lane.0");
  lost.Opened("never lost");
  CHECK(lost.Count() == 1);
}

TEST_CASE("a writer that nobody asks for any more is not lost") {
  StoppedClock clock;
  LostWriters lost(clock);
  lost.Lost("lane.0");
  lost.Lost("source.files");
  for (int tries = 0; tries < 5; ++tries) {
    clock.now += 21'000'000;
    lost.Lost("lane.0");
  }
  CHECK(lost.Count() == 1);
  clock.now += 61'000'000;
  CHECK(lost.Count() == 0);
}

}  // namespace
}  // namespace datong::kafka
