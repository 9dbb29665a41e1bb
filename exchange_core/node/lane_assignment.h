// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace datong::node {

// Who works on each lane: the number of a process, 0 = nobody.
using LaneOwners = std::vector<uint64_t>;

// Gives every lane to one of `members` so that none has more than one lane more than another, and moves only what it
// must: a lane leaves a living process only when that one has more than its share. `before` may name the dead and may
// have another length, as at the beginning. The same arguments, the same result. Nobody lives: nobody works.
LaneOwners AssignLanes(uint32_t lanes, const LaneOwners& before, const std::set<uint64_t>& members);

}  // namespace datong::node
