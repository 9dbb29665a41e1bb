// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace datong::generator {

// What an exchange that reads the files in order must arrive at, known before it has read anything.
struct FileFacts {
  std::string path;   // below the output folder
  uint64_t rows = 0;  // behind the header
  uint64_t bytes = 0;
  uint64_t keys = 0;                         // different ones in this file and all before it, of readable rows
  std::map<std::string, uint64_t> verdicts;  // by the names the exchange gives them
  std::map<std::string, uint64_t> defects;   // kinds of unreadable rows
};

struct RegisterFacts {
  std::string name;
  std::vector<FileFacts> files;  // in reading order
};

struct ExpectedFacts {
  uint64_t seed = 0;
  std::vector<RegisterFacts> registers;
};

// For people and tests: per register its files, and the sums over them. Ends with a line break.
std::string FactsAsJson(const ExpectedFacts& facts);

}  // namespace datong::generator
