// SPDX-License-Identifier: Apache-2.0
// Measures, in one run, what docs/benchmarks.md explains.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "benchmarks/options.h"
#include "benchmarks/report.h"
#include "benchmarks/revision.h"
#include "exchange_core/base/freed_memory.h"

namespace {

using datong::benchmarks::BenchmarkOptions;
using datong::benchmarks::Figure;
using datong::benchmarks::Report;

struct Benchmark {
  const char* name;
  absl::Status (*measure)(const BenchmarkOptions&, std::vector<Figure>&);
};
constexpr Benchmark kBenchmarks[] = {
    {"index", datong::benchmarks::MeasureIndex},       {"codec", datong::benchmarks::MeasureCodec},
    {"pipeline", datong::benchmarks::MeasurePipeline}, {"end-to-end", datong::benchmarks::MeasureEndToEnd},
    {"kafka", datong::benchmarks::MeasureKafka},       {"snapshot", datong::benchmarks::MeasureSnapshot}};

std::vector<std::string> WarningsFor(const BenchmarkOptions& options, const datong::benchmarks::Machine& machine) {
  std::vector<std::string> warnings;
  if (std::string(DATONG_BUILD_TYPE) != "Release") {
    warnings.push_back("built as " DATONG_BUILD_TYPE ", not Release: these figures say nothing about speed");
  }
  if (std::string(DATONG_BUILD_SANITIZER) != "")
    warnings.push_back("built with a sanitizer: figures say nothing about speed");
  if (options.quick) warnings.push_back("--quick: smaller workloads, coarser figures");
  if (machine.disk_is_memory) warnings.push_back("the directory lies in memory: nothing is measured of a disk");
  double load = 0;
  if (getloadavg(&load, 1) == 1 && load > 0.5)
    warnings.push_back("the machine was busy with something else at the start");
  return warnings;
}

}  // namespace

int main(int argc, char** argv) {
  datong::base::KeepFreedMemory();  // as the program does
  CLI::App app{
      "Measures the exchange on this machine: index, batch codec, pipeline in memory, end to end on the disk, and full "
      "dumps."};
  BenchmarkOptions options;
  options.directory = std::filesystem::temp_directory_path().string();
  std::string output = "table";
  std::set<std::string> only;
  std::set<std::string> names;
  for (const Benchmark& benchmark : kBenchmarks) names.insert(benchmark.name);
  app.add_flag("--quick", options.quick, "a minute or two in all: smaller workloads, coarser figures");
  CLI::Option* records =
      app.add_option("--records", options.records,
                     "records through pipeline and end to end (default 1000000, quick 250000), and of a dump")
          ->check(CLI::Range(uint64_t{1'000}, uint64_t{100'000'000}));
  app.add_option("--only", only, "measure these only: index, codec, pipeline, end-to-end, kafka, snapshot")
      ->check(CLI::IsMember(names));
  app.add_option("--kafka", options.kafka,
                 "HOST:PORT of an Apache Kafka cluster to measure as well; topics bench-* are left in it");
  app.add_option("--directory", options.directory, "a folder on the disk to measure")->check(CLI::ExistingDirectory);
  app.add_option("--output", output, "table or json")->check(CLI::IsMember({"table", "json"}));
  CLI11_PARSE(app, argc, argv);
  if (only.contains("kafka") && options.kafka.empty()) {
    std::cerr << "datong-bench: --only kafka needs a cluster: --kafka HOST:PORT\n";
    return 2;
  }
  if (options.quick && records->count() == 0) options.records = 250'000;
  if (records->count() != 0) options.records_asked = options.records;
  if (access(options.directory.c_str(), W_OK | X_OK) != 0) {
    std::cerr << "datong-bench: cannot write to " << options.directory << "; name another folder with --directory\n";
    return 2;
  }

  Report report;
  report.machine = datong::benchmarks::DescribeMachine(options.directory);
  report.directory = std::filesystem::absolute(options.directory).string();
  report.revision = DATONG_REVISION;
  report.build_type = DATONG_BUILD_TYPE;
  report.warnings = WarningsFor(options, report.machine);
  for (const Benchmark& benchmark : kBenchmarks) {
    if (!only.empty() && !only.contains(benchmark.name)) continue;
    if (isatty(STDERR_FILENO)) std::cerr << "measuring " << benchmark.name << " ...\n";
    const absl::Status measured = benchmark.measure(options, report.figures);
    if (!measured.ok()) {
      std::cerr << "datong-bench: " << benchmark.name << ": " << measured << "\n";
      return 1;
    }
  }
  report.load_at_end = datong::benchmarks::LoadAverage();
  std::cout << (output == "json" ? AsJson(report) : AsTable(report));
  return 0;
}
