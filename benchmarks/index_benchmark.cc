// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/stopwatch.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/index/event_index.h"
#include "exchange_core/ledger/verdict.h"

namespace datong::benchmarks {
namespace {

using ledger::Verdict;

constexpr size_t kBatchRecords = 2'000;
constexpr uint64_t kHotKeys = 65'536;
constexpr double kExpectedPerSecond = 3'000'000;  // what the project expects
constexpr base::TimeUs kWindowUs = base::TimeUs{30} * 24 * 3600 * 1'000'000;

// Columns of one batch at a time, made outside of the measured time: digests as a keyed digest would spread them.
class ColumnSource {
 public:
  ColumnSource() {
    header_.files = {{1, "made-up"}};
    columns_.operation.assign(kBatchRecords, record::Operation::kUpsert);
    columns_.version.assign(kBatchRecords, 0);
    columns_.event_time.assign(kBatchRecords, 0);
    columns_.file_index.assign(kBatchRecords, 0);
    columns_.row.assign(kBatchRecords, 0);
    columns_.payload_end.assign(kBatchRecords, 0);
    columns_.key.resize(kBatchRecords);
    columns_.fingerprint.resize(kBatchRecords);
  }

  void Put(size_t i, uint64_t key, uint64_t content) {
    columns_.key[i] = DigestOf(key);
    columns_.fingerprint[i] = DigestOf(~content);
    columns_.row[i] = ++row_;
  }
  void Finish() { columns_.id = columns_.key; }

  const record::BatchHeader& header() const { return header_; }
  const record::RecordColumns& columns() const { return columns_; }

 private:
  static base::Digest DigestOf(uint64_t number) {
    base::SeededRandom random(number ^ kSeed << 32);
    base::Digest digest;
    digest.low = random.Next();
    digest.high = random.Next();
    return digest;
  }
  record::BatchHeader header_;
  record::RecordColumns columns_;
  uint64_t row_ = 0;
};

// What one index says of itself, and how it takes a batch.
struct EntityKind {
  static constexpr char kName[] = "entity";
  static constexpr char kMix[] = "90 % new, 5 % repeated, 5 % changed keys";
  index::EntityIndex index{kSeed};
  void Decide(const ColumnSource& source, const index::BatchPlace& place, std::span<Verdict> verdicts) {
    index.Decide(source.header(), source.columns(), place, false, verdicts);
  }
  static bool Expected(bool fresh, bool changed, Verdict verdict) {
    return verdict == (fresh ? Verdict::kInserted : changed ? Verdict::kUpdated : Verdict::kUnchanged);
  }
};

struct EventKind {
  static constexpr char kName[] = "event";
  static constexpr char kMix[] = "90 % new, 10 % repeated ids";
  index::EventIndex index{kWindowUs, kSeed};
  void Decide(const ColumnSource& source, const index::BatchPlace& place, std::span<Verdict> verdicts) {
    index.Decide(source.columns(), place, static_cast<base::TimeUs>(place.lane_sequence) * 1'000, verdicts);
  }
  static bool Expected(bool fresh, bool, Verdict verdict) {
    return verdict == (fresh ? Verdict::kInserted : Verdict::kDuplicate);
  }
};

template <typename Kind>
class IndexRun {
 public:
  // `pick(i, key, content)` chooses each record; returns how it must be judged: (fresh, changed).
  template <typename Pick>
  absl::Status Decide(uint64_t records, Stopwatch& watch, Pick pick) {
    std::vector<Verdict> verdicts(kBatchRecords);
    std::vector<std::pair<bool, bool>> expected(kBatchRecords);
    for (uint64_t done = 0; done < records; done += kBatchRecords) {
      for (size_t i = 0; i < kBatchRecords; ++i) {
        uint64_t key = 0, content = 0;
        expected[i] = pick(key, content);
        source_.Put(i, key, content);
      }
      source_.Finish();
      std::fill(verdicts.begin(), verdicts.end(), Verdict::kUndecided);
      const index::BatchPlace place{++sequence_, sequence_, 1, 0};
      watch.Start();
      kind_.Decide(source_, place, verdicts);
      watch.Stop();
      for (size_t i = 0; i < kBatchRecords; ++i) {
        if (!Kind::Expected(expected[i].first, expected[i].second, verdicts[i])) {
          return absl::InternalError(absl::StrCat(Kind::kName, " index: a record was judged ",
                                                  static_cast<int>(verdicts[i]), " against expectation"));
        }
      }
    }
    return absl::OkStatus();
  }
  double bytes_per_key() const {
    return static_cast<double>(kind_.index.memory_bytes()) / static_cast<double>(kind_.index.size());
  }

 private:
  Kind kind_;
  ColumnSource source_;
  uint64_t sequence_ = 0;
};

struct Rates {
  std::vector<double> per_second, cpu_ns;
  void Add(const Stopwatch& watch, uint64_t records) {
    per_second.push_back(static_cast<double>(records) / watch.wall_seconds());
    cpu_ns.push_back(watch.cpu_seconds() * 1e9 / static_cast<double>(records));
  }
  void Report(const std::string& name, const std::string& workload, std::vector<Figure>& figures) const {
    figures.push_back(FigureOf(name, "decisions/s", per_second, workload, kExpectedPerSecond));
    figures.push_back(FigureOf(name + ".cpu", "ns/decision", cpu_ns, workload));
  }
};

template <typename Kind>
absl::Status MeasureKind(uint64_t keys, const std::string& size_name, int repetitions, std::vector<Figure>& figures) {
  Rates fresh_rates, mix_rates, hot_rates;
  std::vector<double> bytes;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    IndexRun<Kind> run;
    base::SeededRandom random(kSeed + static_cast<uint64_t>(repetition));
    uint64_t next = 0;
    std::vector<uint32_t> content(keys * 2, 0);  // the revision each key is at

    Stopwatch fresh;
    RETURN_IF_ERROR(run.Decide(keys, fresh, [&](uint64_t& key, uint64_t& revision) {
      key = revision = next++;
      return std::make_pair(true, false);
    }));
    fresh_rates.Add(fresh, keys);
    bytes.push_back(run.bytes_per_key());

    const uint64_t mixed = std::min<uint64_t>(keys, 2'000'000);
    Stopwatch mix;
    RETURN_IF_ERROR(run.Decide(mixed, mix, [&](uint64_t& key, uint64_t& revision) {
      const uint64_t draw = random.Below(100);
      key = draw < 10 ? random.Below(next) : next++;
      content[key] += draw < 5 ? 1 : 0;
      revision = key + (uint64_t{content[key]} << 40);
      return std::make_pair(draw >= 10, draw < 5);
    }));
    mix_rates.Add(mix, mixed);

    const uint64_t hot_records = 2'000'000;
    Stopwatch hot;
    RETURN_IF_ERROR(run.Decide(hot_records, hot, [&](uint64_t& key, uint64_t& revision) {
      key = random.Below(kHotKeys);
      revision = key + (uint64_t{content[key]} << 40);
      return std::make_pair(false, false);
    }));
    hot_rates.Add(hot, hot_records);
  }
  const std::string prefix = absl::StrCat("index.", Kind::kName, ".", size_name);
  const std::string batches = absl::StrCat(", batches of ", kBatchRecords, ", one core");
  fresh_rates.Report(prefix + ".fresh", absl::StrCat(keys, " new keys into an empty index, growth included", batches),
                     figures);
  figures.push_back(FigureOf(prefix + ".memory", "bytes/key", bytes, absl::StrCat("after ", keys, " new keys")));
  mix_rates.Report(prefix + ".mix", absl::StrCat(Kind::kMix, " on top of ", keys, batches), figures);
  hot_rates.Report(prefix + ".hot",
                   absl::StrCat("repeats of ", kHotKeys, " keys of an index of ", keys, " and more", batches), figures);
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureIndex(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  std::vector<std::pair<uint64_t, std::string>> sizes = {{1'000'000, "1M"}};
  if (!options.quick) sizes.push_back({10'000'000, "10M"});
  for (const auto& [keys, name] : sizes) {
    RETURN_IF_ERROR(MeasureKind<EntityKind>(keys, name, options.repetitions(), figures));
    RETURN_IF_ERROR(MeasureKind<EventKind>(keys, name, options.repetitions(), figures));
  }
  return absl::OkStatus();
}

}  // namespace datong::benchmarks
