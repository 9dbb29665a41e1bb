// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "exchange_core/base/random.h"

namespace datong::fuzz {

// A copy of one of `inputs` with a few changes: bytes replaced, bits turned, parts left out, doubled, or taken from
// another of the inputs, the end cut off. The same for the same random numbers. `inputs` is not empty.
std::string ChangedCopy(const std::vector<std::string>& inputs, base::RandomSource& random);

}  // namespace datong::fuzz
