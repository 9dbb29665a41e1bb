// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// What is fuzzed. A target takes any bytes and stops the process when a promise is broken; the corpus of target `name`
// is tests/fuzz/corpus/<name>. A new target is added here, in the table, and in CMakeLists.txt.
namespace datong::fuzz {

void FuzzBatchDecoder(std::string_view input);
void FuzzWireProjection(std::string_view input);
void FuzzRejectedRow(std::string_view input);

struct FuzzTarget {
  std::string_view name;
  void (*run)(std::string_view input);
};

inline constexpr FuzzTarget kFuzzTargets[] = {
    {"batch_decoder", FuzzBatchDecoder},
    {"wire_projection", FuzzWireProjection},
    {"rejected_row", FuzzRejectedRow},
};

}  // namespace datong::fuzz
