// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "exchange_core/base/random.h"
#include "tests/simulation/department.h"

namespace datong::simulation {

// A department's next complete dump of a register. `known`: its rows as the department itself keeps them, each key
// once, which go on changing. Mostly the dump is all of them; sometimes a large part is missing, or everything, or two
// rows have one key, or nobody can read some, or the end is cut off. `what` is for the story. Name and identity are the
// caller's.
struct FullDump {
  Dump dump;
  std::string content;
  std::string what;
};
FullDump DrawFullDump(const ResourcePlan& resource, std::vector<Row>& known, base::RandomSource& random);

// As the file that was handed over before, byte by byte.
std::string FullDumpContent(const ResourcePlan& resource, const Dump& dump);

}  // namespace datong::simulation
