// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace datong::benchmarks {

// What a piece of work took of the machine.
struct ProcessCost {
  double wall_seconds = 0;
  double cpu_seconds = 0;
  uint64_t peak_bytes = 0;     // of resident memory
  uint64_t written_bytes = 0;  // handed to the disk

  // One after the other.
  ProcessCost& operator+=(const ProcessCost& next);
};

// Of this process, all its threads, between construction and Stop. The peak starts anew at what is resident then.
class OwnCost {
 public:
  OwnCost();
  ProcessCost Stop() const;

 private:
  ProcessCost before_;
};

// Runs a command to its end with LC_ALL=C; what it prints goes to `output`. An error when it does not succeed.
absl::StatusOr<ProcessCost> RunCommand(const std::vector<std::string>& words, const std::string& output);

}  // namespace datong::benchmarks
