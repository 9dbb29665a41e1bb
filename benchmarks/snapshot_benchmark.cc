// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/bench_exchange.h"
#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/row_store_contestant.h"
#include "benchmarks/snapshot_dump.h"
#include "benchmarks/stopwatch.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/snapshot/snapshot_stage.h"

namespace datong::benchmarks {
namespace {

using ledger::Verdict;

constexpr size_t kBatchRecords = 2'000;
constexpr uint64_t kRowStoreRows = 300'000;
constexpr uint16_t kSource = 5;
constexpr double kExpectedPerSecond = 3'000'000;
constexpr double kExpectedRatio = 10;

// Dumps come in the order of the register's own storage, mostly the same night after night; the worst is an order that
// has nothing to do with it.
enum class Order { kAsBefore, kScattered };

// The key of row `place` of a dump: all keys, each once.
class KeyOrder {
 public:
  KeyOrder(Order order, uint64_t keys) : keys_(keys), step_(order == Order::kAsBefore ? 1 : ScatteringStep(keys)) {}
  uint64_t At(uint64_t place) const {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(place) * step_ % keys_);
  }

 private:
  static uint64_t ScatteringStep(uint64_t keys) {
    uint64_t step = keys / 5 * 3 | 1;  // neighbours in the dump lie far from each other
    while (std::gcd(step, keys) != 1) step += 2;
    return step;
  }
  const uint64_t keys_;
  const uint64_t step_;
};

snapshot::StageIdentity IdentityOf(uint32_t file_sequence, bool flows) {
  snapshot::StageIdentity identity;
  identity.snapshot = file_sequence;
  identity.resource_id = 1;
  identity.source_id = kSource;
  identity.file_sequence = file_sequence;
  identity.file = "made-up";
  identity.begin_position = uint64_t{file_sequence} << 32;
  identity.flows = flows;
  return identity;
}

// One register's two nights, decided by one partition on one core.
class TwoNights {
 public:
  explicit TwoNights(const DumpPair& dumps) : dumps_(dumps) {}

  absl::Status FirstDump(Stopwatch& watch) {
    snapshot::SnapshotStage stage(IdentityOf(1, true));
    const index::FlowingSnapshot flowing = stage.AsFlowing();
    return EachBatch(1, Order::kAsBefore, watch, stage, [&](const DumpColumns& rows) {
      const index::BatchPlace place{++position_, stage.identity().begin_position + position_, kSource, 1};
      index_.Decide(rows.header(), rows.columns(), place, false, verdicts_, &flowing);
    });
  }

  // The index stays as it is: only a release would change it.
  absl::Status NightlyDump(Order order, Stopwatch& watch, Stopwatch& scan) {
    stage_.emplace(IdentityOf(2, false));
    RETURN_IF_ERROR(EachBatch(2, order, watch, *stage_, [&](const DumpColumns& rows) {
      stage_->Decide(index_, rows.header(), rows.columns(), stage_->identity().begin_position + ++position_, false,
                     verdicts_);
    }));
    uint64_t due = 0;
    scan.Start();
    for (uint32_t number = 0; number < index_.size(); ++number) due += stage_->IsDue(index_, number) ? 1 : 0;
    scan.Stop();
    if (stage_->staged() != dumps_.changed() || due != dumps_.missing()) {
      return absl::InternalError(absl::StrCat(stage_->staged(), " records are staged and ", due, " keys are due; ",
                                              dumps_.changed(), " and ", dumps_.missing(), " are right"));
    }
    return absl::OkStatus();
  }

  double bytes_per_key() const {
    return static_cast<double>(index_.memory_bytes() + stage_->memory_bytes()) / static_cast<double>(index_.size());
  }

 private:
  template <typename Decide>
  absl::Status EachBatch(uint32_t night, Order order, Stopwatch& watch, snapshot::SnapshotStage& stage, Decide decide) {
    const KeyOrder keys(order, dumps_.keys);
    DumpColumns rows(night, kBatchRecords);
    std::vector<uint64_t> key_of;
    for (uint64_t place = 0; place < dumps_.keys;) {
      rows.Clear();
      key_of.clear();
      for (; place < dumps_.keys && !rows.full(); ++place) {
        const uint64_t key = keys.At(place);
        if (night == 2 && DumpPair::IsMissing(key)) continue;
        rows.Add(key, night == 2 && DumpPair::IsChanged(key));
        key_of.push_back(key);
      }
      rows.Finish();
      verdicts_.assign(rows.size(), Verdict::kUndecided);
      watch.Start();
      decide(rows);
      stage.Book(rows.columns(), verdicts_);
      watch.Stop();
      for (size_t i = 0; i < rows.size(); ++i) {
        const Verdict right = night == 1                       ? Verdict::kInserted
                              : DumpPair::IsChanged(key_of[i]) ? Verdict::kStaged
                                                               : Verdict::kUnchanged;
        if (verdicts_[i] != right) {
          return absl::InternalError(absl::StrCat("row of key ", key_of[i], " of dump ", night, " was judged ",
                                                  static_cast<int>(verdicts_[i]), " instead of ",
                                                  static_cast<int>(right)));
        }
      }
    }
    return absl::OkStatus();
  }

  const DumpPair dumps_;
  index::EntityIndex index_{kSeed};
  std::optional<snapshot::SnapshotStage> stage_;
  std::vector<Verdict> verdicts_;
  uint64_t position_ = 0;
};

struct Decided {
  std::vector<double> first, nightly, scattered, nightly_cpu_ns, scattered_cpu_ns, scan_seconds, bytes;
  double nightly_cpu_seconds = 0;  // of the last, scan included
};

absl::Status DecideOnce(const DumpPair& dumps, Decided& decided) {
  TwoNights nights(dumps);
  Stopwatch first, nightly, scattered, scan, scattered_scan;
  RETURN_IF_ERROR(nights.FirstDump(first));
  RETURN_IF_ERROR(nights.NightlyDump(Order::kScattered, scattered, scattered_scan));
  RETURN_IF_ERROR(nights.NightlyDump(Order::kAsBefore, nightly, scan));
  const auto rows = static_cast<double>(dumps.nightly_rows());
  decided.first.push_back(static_cast<double>(dumps.keys) / first.wall_seconds());
  decided.nightly.push_back(rows / nightly.wall_seconds());
  decided.scattered.push_back(rows / scattered.wall_seconds());
  decided.nightly_cpu_ns.push_back(nightly.cpu_seconds() * 1e9 / rows);
  decided.scattered_cpu_ns.push_back(scattered.cpu_seconds() * 1e9 / rows);
  decided.scan_seconds.push_back(scan.wall_seconds());
  decided.bytes.push_back(nights.bytes_per_key());
  decided.nightly_cpu_seconds = nightly.cpu_seconds() + scan.cpu_seconds();
  return absl::OkStatus();
}

absl::Status MeasureDecide(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  const DumpPair dumps{options.records_asked != 0 ? options.records_asked
                       : options.quick            ? uint64_t{1'000'000}
                                                  : uint64_t{10'000'000}};
  const uint64_t stride = std::max<uint64_t>(1, dumps.keys / kRowStoreRows);
  Decided decided;
  std::vector<double> row_rates, row_cpu_ns, row_scans, ratios;
  uint64_t rows_compared = 0;
  for (int i = 0; i < options.repetitions(); ++i) {  // in turn, so that a noisy minute meets both
    RETURN_IF_ERROR(DecideOnce(dumps, decided));
    const ScratchDirectory scratch(options.directory);
    ASSIGN_OR_RETURN(const RowStoreResult plain,
                     CompareByRowStore(scratch.path() + "/rows", dumps, stride, kBatchRecords));
    rows_compared = plain.rows;
    row_rates.push_back(static_cast<double>(plain.rows) / plain.row_seconds);
    row_cpu_ns.push_back(plain.row_cpu_seconds * 1e9 / static_cast<double>(plain.rows));
    row_scans.push_back(plain.scan_seconds);
    ratios.push_back(plain.CpuSecondsFor(dumps.nightly_rows()) / decided.nightly_cpu_seconds);
  }
  const std::string nightly = absl::StrCat("a dump of ", dumps.nightly_rows(), " rows against ", dumps.keys,
                                           " keys: ", dumps.changed(), " changed, ", dumps.missing(), " missing");
  const std::string ours = nightly + "; digests only, batches of 2 000, one partition on one core";
  figures.push_back(
      FigureOf("snapshot.decide.first", "records/s", decided.first,
               absl::StrCat("a first dump of ", dumps.keys, " keys flows into an empty index, batches of ",
                            kBatchRecords, ", one partition on one core"),
               kExpectedPerSecond));
  figures.push_back(FigureOf("snapshot.decide.nightly", "records/s", decided.nightly, ours, kExpectedPerSecond));
  figures.push_back(
      FigureOf("snapshot.decide.nightly.scattered", "records/s", decided.scattered, ours, kExpectedPerSecond));
  figures.push_back(FigureOf("snapshot.decide.nightly.cpu", "ns/record", decided.nightly_cpu_ns, ours));
  figures.push_back(FigureOf("snapshot.decide.nightly.scattered.cpu", "ns/record", decided.scattered_cpu_ns, ours));
  figures.push_back(FigureOf("snapshot.decide.missing", "s", decided.scan_seconds, ours));
  figures.push_back(FigureOf("snapshot.decide.memory", "bytes/key", decided.bytes, ours));
  const std::string theirs =
      absl::StrCat(nightly, "; RocksDB, Get and Put for every row, measured over ", rows_compared,
                   " rows, a write batch per ", kBatchRecords, ", log not synced, cache 1 GiB; then a scan");
  figures.push_back(FigureOf("snapshot.row_store", "records/s", row_rates, theirs));
  figures.push_back(FigureOf("snapshot.row_store.cpu", "ns/record", row_cpu_ns, theirs));
  figures.push_back(FigureOf("snapshot.row_store.missing", "s", row_scans, theirs));
  figures.push_back(FigureOf("snapshot.decide.against_row_store", "times less CPU", ratios, theirs, kExpectedRatio));
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureSnapshot(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  RETURN_IF_ERROR(MeasureDecide(options, figures));
  return MeasureSnapshotFiles(options, figures);
}

}  // namespace datong::benchmarks
