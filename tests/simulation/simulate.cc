// SPDX-License-Identifier: Apache-2.0
// datong-simulate: lives through worlds, one per seed. tests/simulation/simulate.py drives it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/operation.h"
#include "tests/simulation/world.h"

namespace datong::simulation {
namespace {

struct Options {
  uint64_t first = 1;
  uint64_t count = 1;
  size_t operations = 500;
  uint64_t cuts_min = 2;
  std::vector<size_t> only;  // numbers of operations; empty: all
  bool story = false;
  bool disk = false;
  bool list_syncs = false;
  uint64_t lost_caller = 0;
  std::string lost_path;
};

// A world so unlucky that no resource ever came about gets one in the end, and one too lucky to be struck twice is
// struck.
constexpr size_t kExtraRowsMax = 20;
constexpr size_t kExtraCutsMax = 4;

nlohmann::json Live(const Options& options, uint64_t seed, std::map<SyncSite, uint64_t>& syncs) {
  World world(seed);
  if (!options.lost_path.empty()) world.LoseSync({options.lost_caller, options.lost_path});
  if (options.disk) {
    world.SetTellDisk([](std::string_view kind, std::string_view path, uint64_t bytes) {
      std::printf("      %.*s %.*s %llu\n", static_cast<int>(kind.size()), kind.data(), static_cast<int>(path.size()),
                  path.data(), static_cast<unsigned long long>(bytes));
    });
  }
  const std::vector<Operation> story = StoryOf(seed, options.operations);
  const std::set<size_t> only(options.only.begin(), options.only.end());
  size_t done = 0;
  const auto act = [&](size_t number, const Operation& operation) {
    const std::string line = world.Do(operation);
    ++done;
    if (options.story) {
      std::printf("%4zu  %s\n", number, line.c_str());
      std::fflush(stdout);
    }
  };
  for (size_t number = 0; number < story.size() && !world.failed(); ++number) {
    if (only.empty() || only.contains(number)) act(number, story[number]);
  }
  if (only.empty()) {
    size_t number = story.size();
    for (size_t extra = 0; extra < kExtraRowsMax && !world.HasRows() && !world.failed(); ++extra) {
      act(number++, {OperationKind::kAddResource, seed + extra});
      act(number++, {OperationKind::kFile, seed + extra});
    }
    for (size_t extra = 0; extra < kExtraCutsMax && world.Report().cuts < options.cuts_min && !world.failed();
         ++extra) {
      act(number++, {OperationKind::kWork, seed + extra});
      act(number++, {OperationKind::kCutNow, seed + extra});
    }
  }
  if (!world.failed()) world.Finish(seed);
  const WorldReport report = world.Report();
  for (const auto& [site, count] : world.syncs()) syncs[site] += count;
  char trace[17];
  std::snprintf(trace, sizeof trace, "%016llx", static_cast<unsigned long long>(report.trace));
  return {{"seed", seed},
          {"operations", done},
          {"cuts", report.cuts},
          {"kills", report.kills},
          {"records", report.records},
          {"lived_s", report.lived_us / 1'000'000},
          {"trace", trace},
          {"complaints", report.complaints},
          {"looked_at", report.looked_at},
          {"reached", report.reached},
          {"struck", report.struck}};
}

int Main(int argc, char** argv) {
  CLI::App app{
      "Lives through simulated worlds of the exchange, one per seed, up to the first that fails; a line of JSON about "
      "each"};
  Options options;
  app.add_option("--first", options.first, "the first seed");
  app.add_option("--count", options.count, "how many seeds");
  app.add_option("--operations", options.operations, "operations per seed");
  app.add_option("--cuts", options.cuts_min, "power cuts per seed, at least");
  app.add_option("--only", options.only, "only these operations of the story, by number")->delimiter(',');
  app.add_flag("--story", options.story, "print what happens");
  app.add_flag("--disk", options.disk, "print every operation on the disk: where two runs of a seed part");
  app.add_flag("--list-syncs", options.list_syncs, "at the end, a line for every sync that was made");
  app.add_option("--lost-caller", options.lost_caller, "a sync that secures nothing: where it is called");
  app.add_option("--lost-path", options.lost_path, "and of which kind of file");
  CLI11_PARSE(app, argc, argv);
  std::map<SyncSite, uint64_t> syncs;
  bool failed = false;
  for (uint64_t seed = options.first; seed < options.first + options.count && !failed; ++seed) {
    const nlohmann::json report = Live(options, seed, syncs);
    std::printf("%s\n", report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    std::fflush(stdout);
    failed |= !report["complaints"].empty();
  }
  if (options.list_syncs) {
    for (const auto& [site, count] : syncs) {
      std::printf("%s\n",
                  nlohmann::json{{"sync", site.path}, {"caller", site.caller}, {"count", count}}.dump().c_str());
    }
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace datong::simulation

int main(int argc, char** argv) { return datong::simulation::Main(argc, argv); }
