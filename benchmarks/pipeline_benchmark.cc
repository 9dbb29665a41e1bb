// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bench_exchange.h"
#include "benchmarks/memory_broker.h"
#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/stopwatch.h"
#include "exchange_core/base/status_macros.h"

namespace datong::benchmarks {
namespace {

constexpr double kExpectedPassThrough = 1'000'000;
constexpr double kExpectedProjected = 800'000;  // every record looked into and packed anew

// One lane, stepped by hand, decides everything that was published before.
absl::Status DecideAll(const BenchmarkOptions& options, const PreparedUnit& unit, Views views, Stopwatch& watch) {
  const ScratchDirectory scratch(options.directory);
  const auto broker = NewMemoryBroker(base::SystemClock());
  HandScheduler scheduler;
  ASSIGN_OR_RETURN(const auto bench, BenchExchange::Open(scratch.path(), *broker, scheduler, 1, views));
  RETURN_IF_ERROR(bench->CheckFits(unit));
  base::Worker& lane = scheduler.First();
  const auto run_until_idle = [&lane] {
    while (lane.Step().kind == base::StepResult::Kind::kBusy) {
    }
  };
  run_until_idle();  // takes the catalog
  RETURN_IF_ERROR(UnitPublisher(unit).PublishAll(bench->source()));
  watch.Start();
  run_until_idle();
  watch.Stop();
  RETURN_IF_ERROR(bench->exchange().Health());
  return bench->CheckBooks(unit);
}

absl::Status MeasureViews(const BenchmarkOptions& options, const PreparedUnit& unit, Views views,
                          const std::string& name, std::vector<Figure>& figures) {
  std::vector<double> per_second, cpu_per_million;
  for (int i = 0; i < options.repetitions(); ++i) {
    Stopwatch watch;
    RETURN_IF_ERROR(DecideAll(options, unit, views, watch));
    per_second.push_back(static_cast<double>(unit.records) / watch.wall_seconds());
    cpu_per_million.push_back(watch.cpu_seconds() * 1e6 / static_cast<double>(unit.records));
  }
  const std::string workload = absl::StrFormat(
      "%d records of %d bytes, %d %% repeats, in %d batches of %d KiB on %d partitions; one lane on one thread, in "
      "memory; %s",
      unit.records, unit.payload_bytes / unit.records, kRepeatsPerHundred, unit.batches.size(),
      unit.encoded_bytes / unit.batches.size() / 1024, kPartitions, ViewsInWords(views));
  figures.push_back(FigureOf(name, "records/s", std::move(per_second), workload,
                             views == Views::kOne ? kExpectedPassThrough : kExpectedProjected));
  figures.push_back(FigureOf(name + ".cpu", "CPU s/million", std::move(cpu_per_million), workload));
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasurePipeline(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  ASSIGN_OR_RETURN(const PreparedUnit unit, PrepareUnitForAll(options.directory, options.records));
  RETURN_IF_ERROR(MeasureViews(options, unit, Views::kOne, "pipeline.one_view", figures));
  return MeasureViews(options, unit, Views::kThree, "pipeline.three_views", figures);
}

}  // namespace datong::benchmarks
