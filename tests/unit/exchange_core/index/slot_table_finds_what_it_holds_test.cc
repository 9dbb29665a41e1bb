// SPDX-License-Identifier: Apache-2.0
// The table and the ring agree with a plain map under any mixture of insert, drop and rebuild, crowded and past the
// last number.
#include <catch2/catch.hpp>
#include <map>

#include "exchange_core/index/chunk_ring.h"
#include "exchange_core/index/slot_table.h"
#include "tests/unit/exchange_core/index/index_sample.h"

namespace datong::index {
namespace {

TEST_CASE("entries come and go in order of arrival, and every number is found under its hash") {
  base::SeededRandom random(TestSeed());
  for (int round = 0; round < 30; ++round) {
    // Few hashes: crowded lines that run over; many: the ordinary case.
    const uint64_t hashes = round % 2 == 0 ? 40 : UINT64_MAX;
    ChunkRing<uint64_t, 128> ring(0u - 128 * 20);  // numbers pass 2^32 on the way
    SlotTable table;
    std::map<uint32_t, uint64_t> model;
    const auto find = [&](uint64_t hash, uint32_t wanted) {
      uint32_t number = 0;
      return table.Find(
                 hash, [&](uint32_t n) { return n == wanted; }, number) &&
             number == wanted;
    };
    for (int step = 0; step < 200; ++step) {
      const uint64_t more = random.Below(200);
      if (table.size() + more > table.capacity()) {
        table.Rebuild(table.size() + more, ring.begin(), ring.size(), [&](uint32_t n) { return ring.At(n); });
      }
      for (uint64_t i = 0; i < more; ++i) {
        const uint64_t hash = random.Below(hashes) * 0x9e3779b97f4a7c15ull;
        table.Insert(hash, ring.end());
        model[ring.end()] = hash;
        ring.Append(hash);
      }
      const auto drop = static_cast<uint32_t>(random.Below(ring.size() + 1));
      if (random.Below(3) != 0) continue;
      for (uint32_t i = 0; i < drop; ++i) {
        const uint32_t number = ring.begin() + i;
        REQUIRE(find(ring.At(number), number));
        table.Remove(ring.At(number), number);
        REQUIRE_FALSE(find(ring.At(number), number));
        model.erase(number);
      }
      ring.DropOldest(drop);
      REQUIRE(ring.size() == model.size());
      REQUIRE(table.size() == model.size());
    }
    for (const auto& [number, hash] : model) {
      REQUIRE(ring.At(number) == hash);
      REQUIRE(find(hash, number));
    }
  }
}

}  // namespace
}  // namespace datong::index
