// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/lane_assignment.h"

#include <algorithm>
#include <map>

namespace datong::node {

LaneOwners AssignLanes(uint32_t lanes, const LaneOwners& before, const std::set<uint64_t>& members) {
  LaneOwners owners(lanes, 0);
  if (members.empty()) return owners;
  std::map<uint64_t, uint32_t> had;
  for (uint32_t lane = 0; lane < lanes && lane < before.size(); ++lane) {
    if (members.contains(before[lane])) ++had[before[lane]];
  }
  // The larger shares go to those who have most already: so the fewest lanes leave somebody.
  std::vector<uint64_t> by_lanes(members.begin(), members.end());
  std::stable_sort(by_lanes.begin(), by_lanes.end(), [&](uint64_t a, uint64_t b) { return had[a] > had[b]; });
  const auto count = static_cast<uint32_t>(by_lanes.size());
  std::map<uint64_t, uint32_t> room;
  for (uint32_t i = 0; i < count; ++i) room[by_lanes[i]] = lanes / count + (i < lanes % count ? 1 : 0);

  for (uint32_t lane = 0; lane < lanes && lane < before.size(); ++lane) {
    const auto owner = room.find(before[lane]);
    if (owner == room.end() || owner->second == 0) continue;
    owners[lane] = before[lane];
    --owner->second;
  }
  for (uint64_t& owner : owners) {
    if (owner != 0) continue;
    const auto most =
        std::max_element(room.begin(), room.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    owner = most->first;
    --most->second;
  }
  return owners;
}

}  // namespace datong::node
