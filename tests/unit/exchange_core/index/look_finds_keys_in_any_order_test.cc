// SPDX-License-Identifier: Apache-2.0
// Many keys are looked up at once, and along the entries where they come in that order: whatever the order, whatever is
// expected and whichever keys are unknown, each gets its own number.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "exchange_core/index/entity_index.h"
#include "tests/unit/exchange_core/index/index_sample.h"

namespace datong::index {
namespace {

TEST_CASE("every key gets its number, in any order and with any expectation") {
  base::SeededRandom random(TestSeed());
  EntityIndex index(random.Next());
  constexpr uint32_t kKeys = 5'000;
  std::vector<uint32_t> none(1);
  const base::Digest unknown = DigestOf(1);
  uint32_t next = 7;
  index.Look({&unknown, 1}, none, next);
  CHECK(none[0] == EntityIndex::kNoEntry);
  CHECK(index.NumberOf(unknown) == EntityIndex::kNoEntry);

  std::vector<SampleRecord> records;
  for (uint64_t key = 0; key < kKeys; ++key) records.push_back({key, key, 0, key + 1});
  SampleBatch batch(records);
  index.Decide(batch.header, batch.columns, {1, 1, 1, 0}, false, batch.verdicts);
  REQUIRE(index.size() == kKeys);

  for (int round = 0; round < 300; ++round) {
    std::vector<base::Digest> keys;
    std::vector<uint32_t> expected;
    while (keys.size() < 1'000) {  // runs in order, unknown keys and jumps, the last entries among them
      uint32_t number = random.Below(8) == 0 ? kKeys - 3 : static_cast<uint32_t>(random.Below(kKeys));
      for (uint64_t run = 1 + random.Below(200); run > 0 && number < kKeys; --run, ++number) {
        if (random.Below(50) == 0) {
          keys.push_back(DigestOf(kKeys + random.Below(1'000)));
          expected.push_back(EntityIndex::kNoEntry);
        }
        if (random.Below(50) == 0) ++number;
        if (number == kKeys) break;
        keys.push_back(DigestOf(number));
        expected.push_back(number);
      }
    }
    std::vector<uint32_t> numbers(keys.size());
    const uint32_t guesses[] = {0, expected.front(), kKeys - 1, kKeys, kKeys + 1, static_cast<uint32_t>(random.Next())};
    next = guesses[random.Below(std::size(guesses))];
    index.Look(keys, numbers, next);
    REQUIRE(numbers == expected);
    if (expected.back() != EntityIndex::kNoEntry) REQUIRE(next == expected.back() + 1);
    for (size_t i = 0; i < keys.size(); i += 100) REQUIRE(index.NumberOf(keys[i]) == expected[i]);
  }
}

}  // namespace
}  // namespace datong::index
