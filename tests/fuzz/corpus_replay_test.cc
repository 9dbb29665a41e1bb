// SPDX-License-Identifier: Apache-2.0
// Every input that a fuzzer found interesting, and randomly changed copies of it, keep every promise in every build.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "exchange_core/base/random.h"
#include "tests/fuzz/changed_copy.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/support/source_path.h"

namespace datong::fuzz {
namespace {

std::filesystem::path CorpusFolder() { return tests::SourcePath("tests/fuzz/corpus"); }

std::vector<std::string> Corpus(std::string_view target) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(CorpusFolder() / target)) paths.push_back(entry.path());
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

uint64_t Seed() {
  static const uint64_t seed = [] {
    const char* given = std::getenv("DATONG_SEED");
    const uint64_t taken = given != nullptr ? std::strtoull(given, nullptr, 10) : base::SystemRandom().Next();
    std::cout << "corpora replay: DATONG_SEED=" << taken << "\n";
    return taken;
  }();
  return seed;
}

// One target alone: fuzz_corpus_test "corpora replay" -c <target>.
TEST_CASE("corpora replay") {
  const google::protobuf::LogSilencer silence;  // protobuf tells of every text that is not UTF-8
  const uint64_t seed = Seed();
  for (const FuzzTarget& target : kFuzzTargets) DYNAMIC_SECTION(target.name) {
      const std::vector<std::string> inputs = Corpus(target.name);
      REQUIRE_FALSE(inputs.empty());
      // Said before it is run: a broken promise stops the process.
      std::cout << target.name << ": " << inputs.size() << " inputs, " << target.changed_copies << " changed copies"
                << std::endl;
      base::SeededRandom random(seed);
      size_t executed = 0;
      for (const std::string& input : inputs) {
        Run(target, input);
        ++executed;
      }
      for (size_t i = 0; i < target.changed_copies; ++i) {
        Run(target, ChangedCopy(inputs, random));
        ++executed;
      }
      REQUIRE(executed > inputs.size());
    }
}

TEST_CASE("every corpus belongs to a target") {
  std::set<std::string> folders, targets;
  for (const auto& entry : std::filesystem::directory_iterator(CorpusFolder())) folders.insert(entry.path().filename());
  for (const FuzzTarget& target : kFuzzTargets) targets.emplace(target.name);
  CHECK(folders == targets);
}

}  // namespace
}  // namespace datong::fuzz
