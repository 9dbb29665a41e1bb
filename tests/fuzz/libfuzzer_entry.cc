// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const datong::fuzz::FuzzTarget& target : datong::fuzz::kFuzzTargets) {
    if (target.name == DATONG_FUZZ_TARGET) target.run(std::string_view(reinterpret_cast<const char*>(data), size));
  }
  return 0;
}
