// SPDX-License-Identifier: Apache-2.0
// Every input that a fuzzer found interesting, and randomly changed copies of it, keep every promise in every build.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "exchange_core/base/random.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/support/source_path.h"

namespace datong::fuzz {
namespace {

std::vector<std::string> Corpus(std::string_view target) {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder = std::filesystem::path(tests::SourcePath("tests/fuzz/corpus")) / target;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// A block of its own, so that a sanitizer sees any byte read outside.
void Run(const FuzzTarget& target, const std::string& input) {
  const std::vector<char> block(input.begin(), input.end());
  target.run(std::string_view(block.data(), block.size()));
}

TEST_CASE("corpora replay") {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : base::SystemRandom().Next();
  std::cout << "corpora replay: DATONG_SEED=" << seed << "\n";
  base::SeededRandom random(seed);
  for (const FuzzTarget& target : kFuzzTargets) {
    const std::vector<std::string> inputs = Corpus(target.name);
    REQUIRE_FALSE(inputs.empty());
    for (const std::string& input : inputs) {
      Run(target, input);
      for (int round = 0; round < 200 && !input.empty(); ++round) {
        std::string changed = input;
        for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
          changed[random.Below(changed.size())] = static_cast<char>(random.Next());
        }
        if (random.Below(4) == 0) changed.resize(random.Below(changed.size()));
        Run(target, changed);
      }
    }
  }
}

}  // namespace
}  // namespace datong::fuzz
