// SPDX-License-Identifier: Apache-2.0
// Whatever is marked, the next number without a mark is the one that a look at each finds.
#include <catch2/catch.hpp>

#include "exchange_core/index/seen_marks.h"
#include "tests/unit/exchange_core/index/index_sample.h"

namespace datong::index {
namespace {

TEST_CASE("the next number without a mark") {
  base::SeededRandom random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    SeenMarks marks;
    const uint64_t left_out_of = 1 + random.Below(300);
    const auto numbers = static_cast<uint32_t>(random.Below(700));
    for (uint32_t number = 0; number < numbers; ++number) {
      if (random.Below(left_out_of) != 0) marks.Set(number);
    }
    for (uint32_t from = 0; from < 800; ++from) {
      uint32_t expected = from;
      while (marks.Has(expected)) ++expected;
      REQUIRE(marks.NextWithout(from) == expected);
    }
  }
}

}  // namespace
}  // namespace datong::index
