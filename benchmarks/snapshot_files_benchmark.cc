// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/bench_exchange.h"
#include "benchmarks/company_records.h"
#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/process_cost.h"
#include "benchmarks/snapshot_dump.h"
#include "broker_adapters/embedded/embedded_broker.h"
#include "connectors/file/file_source.h"
#include "connectors/runner/source_runner.h"
#include "connectors/sdk/source_connector.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/node/exchange.h"

namespace datong::benchmarks {
namespace {

constexpr uint32_t kLanes = 2;
constexpr double kSecondsMax = 1'800;
constexpr char kSourceName[] = "registry-dumps";
constexpr size_t kColumns[] = {0, 1, 3, 5, 6, 7, 10};  // of the made-up companies: about a hundred bytes a row
constexpr char kHeader[] = "code,name,legal_person,trade,capital,founded,status\n";
constexpr char kCatalog[] =
    "departments: [{name: registry}, {name: tax}]\n"
    "key_domains: [{name: company}]\n"
    "resources:\n"
    "  - {name: companies, provider: registry, key_domain: company, kind: entity, partitions: 4, key: [code],\n"
    "     items: [code, name, legal_person, trade, {name: capital, type: decimal}, {name: founded, type: date}, "
    "status]}\n"
    "grants:\n"
    "  - {name: grant, resource: companies, department: tax, purpose: benchmark, items: all}\n"
    "subscriptions:\n"
    "  - {name: tax-companies, grant: grant, start: beginning}\n";

struct DumpFiles {
  DumpPair dumps;
  std::string directory, first, second;
  uint64_t bytes = 0;  // of the first
};

absl::Status WriteDump(const std::string& path, const DumpPair& dumps, bool second) {
  std::ofstream out(path, std::ios::binary);
  CompanyRows rows(kSeed);
  std::string text = kHeader;
  for (uint64_t key = 0; key < dumps.keys; ++key) {
    if (second && DumpPair::IsMissing(key)) continue;
    const std::vector<record::FieldText>& values = rows.Row(key);
    for (const size_t column : kColumns) {
      if (column != 0) text += ',';
      text += *values[column];
    }
    if (second && DumpPair::IsChanged(key)) text += "*";  // its state
    text += '\n';
    if (text.size() < (size_t{1} << 20) && key + 1 != dumps.keys) continue;
    out << text;
    text.clear();
  }
  out << text;
  out.close();
  return out ? absl::OkStatus() : absl::InternalError("cannot write " + path);
}

file::FileSourceOptions SourceOptions(const std::string& path) {
  file::FileSourceOptions options;
  options.paths = {path};
  options.full = true;
  return options;
}

// The limit: the production file source, drained without an exchange.
absl::StatusOr<ProcessCost> ReadOnly(const std::string& path, uint64_t rows_expected) {
  const OwnCost own;
  const auto source = file::NewFileSource(SourceOptions(path), base::PosixFileSystem());
  if (!source->Open("").ok()) return absl::InternalError("the file source does not open");
  uint64_t rows = 0;
  sdk::SourceRead read;
  do {
    read.Clear();
    if (!source->Read(read).ok()) return absl::InternalError("the file source does not read");
    rows += read.rows.rows();
  } while (!read.exhausted);
  source->Close();
  if (rows != rows_expected) {
    return absl::InternalError(absl::StrCat("the file source read ", rows, " of ", rows_expected, " rows"));
  }
  return own.Stop();
}

// An exchange on the disk, as `datong import` composes it.
class DumpExchange {
 public:
  static absl::StatusOr<std::unique_ptr<DumpExchange>> Open(const std::string& directory) {
    auto made = std::make_unique<DumpExchange>();
    made->directory_ = directory;
    embedded::EmbeddedOptions engine;
    engine.directory = directory + "/log";
    engine.durability = embedded::Durability::kSync;
    ASSIGN_OR_RETURN(made->broker_, embedded::OpenEmbeddedBroker(engine));
    made->scheduler_ = base::NewThreadScheduler(base::SystemClock());
    node::ExchangeOptions options;
    options.directory = directory;
    options.files = &base::PosixFileSystem();
    options.clock = &base::SystemClock();
    options.random = &made->random_;
    options.steps = &base::NoObserver();
    options.scheduler = made->scheduler_.get();
    options.broker = made->broker_.get();
    options.lanes = kLanes;
    std::vector<std::string> warnings;
    ASSIGN_OR_RETURN(made->exchange_, node::Exchange::Open(options, &warnings));
    ASSIGN_OR_RETURN(const auto planned, made->exchange_->ApplyCatalog(kCatalog, "benchmark", false));
    if (!planned.findings.empty()) return absl::InternalError(planned.findings.front().message);
    made->exchange_->Start();
    return made;
  }

  // From opening the file to the release of its snapshot, deletes included; and the part of the time until all rows
  // were read, published, judged and decided upon.
  struct Imported {
    ProcessCost cost;
    double seconds_to_decision = 0;
  };
  absl::StatusOr<Imported> Import(const std::string& path) {
    const OwnCost own;
    const base::TimeUs begun = base::SystemClock().Now();
    const size_t snapshots_before = exchange_->snapshots().size();
    runner::SourceRunnerOptions options;
    options.source = kSourceName;
    options.resource = "companies";
    options.full = true;
    options.row_memory_directory = directory_ + "/row-memory";
    runner::SourceRunner runner(options, file::NewFileSource(SourceOptions(path), base::PosixFileSystem()),
                                exchange_->client(), *scheduler_, base::SystemClock(), random_);
    scheduler_->Add(runner);
    const absl::Status imported = AwaitRelease(runner, snapshots_before);
    const ProcessCost cost = own.Stop();
    scheduler_->Remove(runner);
    RETURN_IF_ERROR(imported);
    return Imported{cost, static_cast<double>(exchange_->snapshots().back().decided_time - begun) / 1e6};
  }

  // The last snapshot and the books say what the dumps are.
  absl::Status Check(const DumpPair& dumps, bool second) {
    using ledger::Verdict;
    node::SnapshotBooks last = exchange_->snapshots().back();
    const uint64_t rows = second ? dumps.nightly_rows() : dumps.keys;
    const uint64_t inserted = second ? 0 : dumps.keys, updated = second ? dumps.changed() : 0;
    const uint64_t deleted = second ? dumps.missing() : 0;
    if (last.verdicts[Verdict::kInserted] != inserted || last.verdicts[Verdict::kUpdated] != updated ||
        last.verdicts[Verdict::kUnchanged] != rows - inserted - updated || last.generated_deletes != deleted) {
      return absl::InternalError(absl::StrCat("a dump of ", rows, " rows came to ", last.verdicts[Verdict::kInserted],
                                              " inserted, ", last.verdicts[Verdict::kUpdated], " updated, ",
                                              last.verdicts[Verdict::kUnchanged], " unchanged and ",
                                              last.generated_deletes, " deleted; ", inserted, ", ", updated, ", ",
                                              rows - inserted - updated, " and ", deleted, " are right"));
    }
    const node::Books books = exchange_->books();
    const uint64_t delivered = dumps.keys + (second ? dumps.changed() + dumps.missing() : 0);
    if (!books.balanced() || books.subscriptions.at(0).delivered != delivered) {
      return absl::InternalError(
          absl::StrCat("the books do not balance, or not ", delivered, " records were delivered"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status AwaitRelease(const runner::SourceRunner& runner, size_t snapshots_before) {
    using State = node::SnapshotBooks::State;
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
      RETURN_IF_ERROR(exchange_->Health());
      const runner::SourceProgress progress = runner.progress();
      if (progress.state == runner::SourceProgress::State::kFailed) {
        return absl::InternalError(absl::StrCat("the import failed: ", progress.error.message));
      }
      const auto snapshots = exchange_->snapshots();
      if (snapshots.size() > snapshots_before && progress.state == runner::SourceProgress::State::kFinished) {
        const State state = snapshots.back().state;
        if (state == State::kReleased) return absl::OkStatus();
        if (state == State::kHeld || state == State::kDropped) {
          return absl::InternalError("the dump is held or dropped: nothing speaks against it");
        }
      }
      if (std::chrono::steady_clock::now() - begun > std::chrono::duration<double>(kSecondsMax)) {
        return absl::DeadlineExceededError("the dump was not released in time");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::string directory_;
  base::SeededRandom random_{kSeed};
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<base::Scheduler> scheduler_;
  std::unique_ptr<node::Exchange> exchange_;
};

// What a person would do: sort both dumps, compare the sorted ones.
struct Sorting {
  ProcessCost sort_first, sort_second, compare;
  // Yesterday's sorted dump was kept.
  ProcessCost Nightly() const {
    ProcessCost cost = sort_second;
    return cost += compare;
  }
};

absl::StatusOr<Sorting> SortAndCompare(const DumpFiles& files) {
  const ScratchDirectory scratch(files.directory);
  const std::string first = scratch.path() + "/first", second = scratch.path() + "/second";
  const auto sort = [&](const std::string& from, const std::string& to) {
    return RunCommand({"sort", "--parallel=2", "-S", "1G", "-T", scratch.path(), "-o", to, from}, "/dev/null");
  };
  Sorting sorting;
  ASSIGN_OR_RETURN(sorting.sort_first, sort(files.first, first));
  ASSIGN_OR_RETURN(sorting.sort_second, sort(files.second, second));
  const std::string differences = scratch.path() + "/differences";
  ASSIGN_OR_RETURN(sorting.compare, RunCommand({"comm", "-3", first, second}, differences));
  std::ifstream lines(differences);
  const auto found =
      static_cast<uint64_t>(std::count(std::istreambuf_iterator<char>(lines), std::istreambuf_iterator<char>(), '\n'));
  if (const uint64_t right = 2 * files.dumps.changed() + files.dumps.missing(); found != right) {
    return absl::InternalError(absl::StrCat("comm found ", found, " lines that differ, ", right, " are right"));
  }
  return sorting;
}

// Figures of one contestant, of several repetitions.
struct Costs {
  std::vector<double> rows_per_second, cpu_per_million, peak, written;
  void Add(const ProcessCost& cost, uint64_t rows) {
    const auto count = static_cast<double>(rows);
    rows_per_second.push_back(count / cost.wall_seconds);
    cpu_per_million.push_back(cost.cpu_seconds * 1e6 / count);
    peak.push_back(static_cast<double>(cost.peak_bytes) / 1e6);
    written.push_back(static_cast<double>(cost.written_bytes) / 1e6);
  }
  void Report(const std::string& name, const std::string& workload, std::vector<Figure>& figures) const {
    figures.push_back(FigureOf(name, "rows/s", rows_per_second, workload));
    figures.push_back(FigureOf(name + ".cpu", "CPU s/million", cpu_per_million, workload));
    figures.push_back(FigureOf(name + ".peak_memory", "MB", peak, workload));
    figures.push_back(FigureOf(name + ".written", "MB", written, workload));
  }
};

}  // namespace

absl::Status MeasureSnapshotFiles(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  const ScratchDirectory scratch(options.directory);
  DumpFiles files{.dumps = {options.records_asked != 0 ? options.records_asked
                            : options.quick            ? uint64_t{250'000}
                                                       : uint64_t{2'000'000}},
                  .directory = scratch.path(),
                  .first = scratch.path() + "/companies-1.csv",
                  .second = scratch.path() + "/companies-2.csv"};
  RETURN_IF_ERROR(WriteDump(files.first, files.dumps, false));
  RETURN_IF_ERROR(WriteDump(files.second, files.dumps, true));
  files.bytes = std::filesystem::file_size(files.first);
  const uint64_t first_rows = files.dumps.keys, second_rows = files.dumps.nightly_rows();

  Costs reading, first, nightly, sorting_both, sorting_one;
  std::vector<double> to_decision, of_reading, of_reading_to_decision, of_sorting;
  for (int i = 0; i < options.repetitions(); ++i) {  // in turn, so that a noisy minute meets all of them
    ASSIGN_OR_RETURN(const ProcessCost read, ReadOnly(files.second, second_rows));
    ASSIGN_OR_RETURN(const Sorting sorting, SortAndCompare(files));
    const ScratchDirectory data(scratch.path());
    ASSIGN_OR_RETURN(const auto exchange, DumpExchange::Open(data.path()));
    ASSIGN_OR_RETURN(const auto imported, exchange->Import(files.first));
    RETURN_IF_ERROR(exchange->Check(files.dumps, false));
    ASSIGN_OR_RETURN(const auto again, exchange->Import(files.second));
    RETURN_IF_ERROR(exchange->Check(files.dumps, true));
    reading.Add(read, second_rows);
    first.Add(imported.cost, first_rows);
    nightly.Add(again.cost, second_rows);
    to_decision.push_back(static_cast<double>(second_rows) / again.seconds_to_decision);
    ProcessCost both = sorting.sort_first;
    sorting_both.Add(both += sorting.Nightly(), second_rows);
    sorting_one.Add(sorting.Nightly(), second_rows);
    of_reading.push_back(read.wall_seconds / again.cost.wall_seconds);
    of_reading_to_decision.push_back(read.wall_seconds / again.seconds_to_decision);
    of_sorting.push_back(sorting.Nightly().wall_seconds / again.cost.wall_seconds);
  }
  const std::string data =
      absl::StrFormat("CSV dumps of %d and %d rows of %d bytes, %d changed, %d missing", first_rows, second_rows,
                      files.bytes / first_rows, files.dumps.changed(), files.dumps.missing());
  const std::string road = absl::StrFormat(
      "%s; production file source, runner and exchange in one process, %d lanes, 4 partitions, embedded engine, every "
      "commit synced, one subscription; from opening the file to the end of the release",
      data, kLanes);
  const std::string alone = data + "; the file source drained without an exchange, the file's SHA-256 included";
  const std::string commands = data + "; LC_ALL=C sort --parallel=2 -S 1G, then comm -3 of the sorted ones";
  reading.Report("snapshot.files.reading", alone, figures);
  first.Report("snapshot.files.first", road, figures);
  nightly.Report("snapshot.files.nightly", road, figures);
  const std::string decided =
      data + "; of the nightly one, until all its rows are read, sealed, compared and decided upon";
  figures.push_back(FigureOf("snapshot.files.nightly.to_decision", "rows/s", to_decision, decided));
  figures.push_back(FigureOf("snapshot.files.share_of_reading", "ratio", of_reading, road));
  figures.push_back(FigureOf("snapshot.files.share_of_reading.to_decision", "ratio", of_reading_to_decision, decided));
  sorting_both.Report("snapshot.sort_both", commands, figures);
  sorting_one.Report("snapshot.sort_one", commands + "; yesterday's sorted one was kept", figures);
  figures.push_back(FigureOf("snapshot.files.against_sort_one", "times faster", of_sorting,
                             commands + "; yesterday's sorted one was kept"));
  return absl::OkStatus();
}

}  // namespace datong::benchmarks
