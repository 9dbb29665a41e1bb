// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/bench_exchange.h"
#include "benchmarks/bench_subscriber.h"
#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/stopwatch.h"
#include "broker_adapters/embedded/embedded_broker.h"
#include "exchange_core/base/status_macros.h"

namespace datong::benchmarks {
namespace {

constexpr uint32_t kLanes = 2;
constexpr double kExpectedPerSecond = 300'000;
constexpr double kSecondsMax = 600;

// What the disk gives to somebody who does nothing else: the published batches, once, to one file, synced as often as
// the source commits.
absl::Status WriteSequentially(const BenchmarkOptions& options, const PreparedUnit& unit, Stopwatch& watch) {
  const ScratchDirectory scratch(options.directory);
  ASSIGN_OR_RETURN(const auto file, base::PosixFileSystem().OpenAppend(scratch.path() + "/sequential"));
  watch.Start();
  for (size_t i = 0; i < unit.batches.size(); ++i) {
    RETURN_IF_ERROR(file->Append(unit.batches[i].bytes));
    if ((i + 1) % kBatchesPerPublish == 0 || i + 1 == unit.batches.size()) RETURN_IF_ERROR(file->Sync());
  }
  watch.Stop();
  return file->Close();
}

absl::Status WaitForAll(BenchExchange& bench, const std::vector<std::unique_ptr<BenchSubscriber>>& subscribers) {
  const auto begun = std::chrono::steady_clock::now();
  while (!std::all_of(subscribers.begin(), subscribers.end(), [](const auto& s) { return s->done(); })) {
    RETURN_IF_ERROR(bench.exchange().Health());
    if (std::chrono::steady_clock::now() - begun > std::chrono::duration<double>(kSecondsMax)) {
      return absl::DeadlineExceededError("the subscribers did not receive everything in time");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const auto& subscriber : subscribers) RETURN_IF_ERROR(subscriber->status());
  return absl::OkStatus();
}

// From the first publish to the last acknowledgement.
absl::Status RunThrough(const BenchmarkOptions& options, const PreparedUnit& unit, Views views, Stopwatch& watch) {
  const ScratchDirectory scratch(options.directory);
  embedded::EmbeddedOptions engine;
  engine.directory = scratch.path() + "/engine";
  engine.durability = embedded::Durability::kSync;
  ASSIGN_OR_RETURN(const auto broker, embedded::OpenEmbeddedBroker(engine));
  const auto scheduler = base::NewThreadScheduler(base::SystemClock());
  ASSIGN_OR_RETURN(const auto bench, BenchExchange::Open(scratch.path(), *broker, *scheduler, kLanes, views));
  RETURN_IF_ERROR(bench->CheckFits(unit));
  std::vector<std::unique_ptr<BenchSubscriber>> subscribers;
  for (int i = 0; i < kSubscriptions; ++i) {
    ASSIGN_OR_RETURN(subscribers.emplace_back(),
                     BenchSubscriber::Open(bench->exchange().client(), *scheduler, SubscriptionName(i), unit.distinct));
    scheduler->Add(*subscribers.back());
  }
  UnitPublisher publisher(unit);
  watch.Start();
  absl::Status status = publisher.PublishAll(bench->source());
  if (status.ok()) status = WaitForAll(*bench, subscribers);
  watch.Stop();
  for (const auto& subscriber : subscribers) scheduler->Remove(*subscriber);
  RETURN_IF_ERROR(status);
  return bench->CheckBooks(unit);
}

struct Rates {
  std::vector<double> per_second, share, cpu_per_million;
  void Add(const PreparedUnit& unit, const Stopwatch& watch, double sequential_per_second) {
    const auto records = static_cast<double>(unit.records);
    per_second.push_back(records / watch.wall_seconds());
    share.push_back(per_second.back() / sequential_per_second);
    cpu_per_million.push_back(watch.cpu_seconds() * 1e6 / records);
  }
  void Report(const std::string& name, const std::string& workload, std::vector<Figure>& figures) const {
    figures.push_back(FigureOf(name, "records/s", per_second, workload, kExpectedPerSecond));
    figures.push_back(FigureOf(name + ".share_of_sequential", "ratio", share, workload));
    figures.push_back(FigureOf(name + ".cpu", "CPU s/million", cpu_per_million, workload));
  }
};

}  // namespace

absl::Status MeasureEndToEnd(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  ASSIGN_OR_RETURN(const PreparedUnit unit, PrepareUnitForAll(options.directory, options.records));
  std::vector<double> sequential_rates, sequential_bytes;
  Rates one, three;
  for (int i = 0; i < options.repetitions(); ++i) {  // in turn, so that a noisy minute meets all of them
    Stopwatch sequential(Stopwatch::Cpu::kProcess), with_one(Stopwatch::Cpu::kProcess),
        with_three(Stopwatch::Cpu::kProcess);
    RETURN_IF_ERROR(WriteSequentially(options, unit, sequential));
    const double sequential_per_second = static_cast<double>(unit.records) / sequential.wall_seconds();
    sequential_rates.push_back(sequential_per_second);
    sequential_bytes.push_back(static_cast<double>(unit.encoded_bytes) / sequential.wall_seconds() / 1e6);
    RETURN_IF_ERROR(RunThrough(options, unit, Views::kOne, with_one));
    one.Add(unit, with_one, sequential_per_second);
    RETURN_IF_ERROR(RunThrough(options, unit, Views::kThree, with_three));
    three.Add(unit, with_three, sequential_per_second);
  }
  const std::string data =
      absl::StrFormat("%d records of %d bytes, %d %% repeats, in %d batches of %d KiB, %d batches a commit",
                      unit.records, unit.payload_bytes / unit.records, kRepeatsPerHundred, unit.batches.size(),
                      unit.encoded_bytes / unit.batches.size() / 1024, kBatchesPerPublish);
  const std::string alone =
      data + "; appended to one file, synced after each commit, by one thread that does nothing else";
  figures.push_back(FigureOf("sequential_writer", "records/s", sequential_rates, alone));
  figures.push_back(FigureOf("sequential_writer.bytes", "MB/s", sequential_bytes, alone));
  const std::string road = absl::StrFormat(
      "%s; one source, %d lanes, %d partitions, embedded engine, every commit synced; first publish to last "
      "acknowledgement; ",
      data, kLanes, kPartitions);
  one.Report("end_to_end.one_view", road + ViewsInWords(Views::kOne), figures);
  three.Report("end_to_end.three_views", road + ViewsInWords(Views::kThree), figures);
  return absl::OkStatus();
}

}  // namespace datong::benchmarks
