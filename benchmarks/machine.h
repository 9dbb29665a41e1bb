// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace datong::benchmarks {

// What the figures were measured on.
struct Machine {
  std::string cpu;
  unsigned cores = 0;
  unsigned long long memory_bytes = 0;
  std::string kernel;
  std::string disk;  // device and file system below the directory measured
  bool disk_is_memory = false;
  std::string load;  // 1, 5 and 15 minutes, when asked
};
Machine DescribeMachine(const std::string& directory);
std::string LoadAverage();

}  // namespace datong::benchmarks
