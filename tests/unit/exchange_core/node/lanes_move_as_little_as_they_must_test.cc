// SPDX-License-Identifier: Apache-2.0
// Lanes are shared evenly, and a process that comes or goes moves only the lanes it must.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "exchange_core/base/random.h"
#include "exchange_core/node/lane_assignment.h"

namespace datong::node {
namespace {

std::map<uint64_t, uint32_t> Count(const LaneOwners& owners) {
  std::map<uint64_t, uint32_t> count;
  for (const uint64_t owner : owners) ++count[owner];
  return count;
}

uint32_t Moved(const LaneOwners& before, const LaneOwners& after) {
  uint32_t moved = 0;
  for (size_t lane = 0; lane < after.size(); ++lane) moved += lane >= before.size() || before[lane] != after[lane];
  return moved;
}

// The fewest that any even assignment moves: what the dead had, and what the living have beyond their shares, of which
// as many are the larger one as lanes are left over.
uint32_t FewestMoves(uint32_t lanes, const LaneOwners& before, const std::set<uint64_t>& members) {
  std::vector<uint32_t> had;
  for (const uint64_t member : members) {
    had.push_back(static_cast<uint32_t>(std::count(before.begin(), before.end(), member)));
  }
  std::sort(had.rbegin(), had.rend());
  const auto count = static_cast<uint32_t>(members.size());
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; ++i) kept += std::min(had[i], lanes / count + (i < lanes % count ? 1 : 0));
  return lanes - kept;
}

void CheckEven(uint32_t lanes, const LaneOwners& owners, const std::set<uint64_t>& members) {
  REQUIRE(owners.size() == lanes);
  const auto count = Count(owners);
  for (const auto& [owner, had] : count) CHECK(members.contains(owner));
  for (const uint64_t member : members) {
    const auto it = count.find(member);
    const uint32_t had = it == count.end() ? 0 : it->second;
    CHECK(had >= lanes / members.size());
    CHECK(had <= (lanes + members.size() - 1) / members.size());
  }
}

TEST_CASE("the first process has all lanes, the second takes half, the third a third") {
  const LaneOwners alone = AssignLanes(4, {}, {7});
  CHECK(alone == LaneOwners{7, 7, 7, 7});
  const LaneOwners two = AssignLanes(4, alone, {7, 3});
  CHECK(Count(two) == std::map<uint64_t, uint32_t>{{3, 2}, {7, 2}});
  CHECK(Moved(alone, two) == 2);
  const LaneOwners three = AssignLanes(4, two, {3, 7, 9});
  CHECK(Moved(two, three) == 1);
  CHECK(Count(three)[9] == 1);
}

TEST_CASE("the lanes of one that has gone are shared out, and no others move") {
  const LaneOwners before = {1, 2, 3, 1, 2, 3};
  const LaneOwners after = AssignLanes(6, before, {1, 3});
  CHECK(Moved(before, after) == 2);
  CHECK(Count(after) == std::map<uint64_t, uint32_t>{{1, 3}, {3, 3}});
}

TEST_CASE("with more processes than lanes some only stand by; with nobody nobody works") {
  const LaneOwners owners = AssignLanes(2, {}, {1, 2, 3});
  CHECK(Count(owners).size() == 2);
  CHECK(AssignLanes(2, owners, {1, 2, 3}) == owners);
  CHECK(AssignLanes(2, owners, {}) == LaneOwners{0, 0});
}

TEST_CASE("whoever comes and goes: even, stable, and with the fewest moves there can be") {
  base::SeededRandom random(GENERATE(range(1, 40)));
  const auto lanes = static_cast<uint32_t>(1 + random.Below(64));
  std::set<uint64_t> members;
  LaneOwners owners;
  for (int step = 0; step < 60; ++step) {
    const uint64_t who = 1 + random.Below(8);
    if (!members.erase(who)) members.insert(who);
    if (random.Below(4) == 0) members.insert(1 + random.Below(8));
    const LaneOwners before = owners;
    owners = AssignLanes(lanes, before, members);
    if (members.empty()) continue;
    CheckEven(lanes, owners, members);
    CHECK(Moved(before, owners) == FewestMoves(lanes, before, members));
    CHECK(AssignLanes(lanes, owners, members) == owners);
    CHECK(AssignLanes(lanes, before, members) == owners);
  }
}

}  // namespace
}  // namespace datong::node
