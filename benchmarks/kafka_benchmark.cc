// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/bench_exchange.h"
#include "benchmarks/kafka_copy_contestant.h"
#include "benchmarks/options.h"
#include "benchmarks/prepared_unit.h"
#include "benchmarks/stopwatch.h"
#include "broker_adapters/kafka/kafka_broker.h"
#include "exchange_core/base/status_macros.h"

namespace datong::benchmarks {
namespace {

constexpr uint32_t kLanes = 2;
constexpr double kExpectedPerSecond = 600'000;
constexpr double kExpectedShare = 0.6;
constexpr double kSecondsMax = 600;
constexpr char kCopyTopic[] = "copy";
constexpr size_t kBatchesPerCopyCommit = 64;  // as much as a lane reads at once, 16 MiB

// Hands its workers on when the clock starts.
class GatedScheduler final : public base::Scheduler {
 public:
  void Add(base::Worker& worker) override { open_ ? threads_->Add(worker) : waiting_.push_back(&worker); }
  void Remove(base::Worker& worker) override {
    if (std::erase(waiting_, &worker) == 0) threads_->Remove(worker);
  }
  void Wake(base::Worker& worker) override { threads_->Wake(worker); }
  void WakeAll() override { threads_->WakeAll(); }
  void StopAll() override { threads_->StopAll(); }
  void Open() {
    open_ = true;
    for (base::Worker* const worker : waiting_) threads_->Add(*worker);
    waiting_.clear();
  }

 private:
  const std::unique_ptr<base::Scheduler> threads_ = base::NewThreadScheduler(base::SystemClock());
  std::vector<base::Worker*> waiting_;
  bool open_ = false;
};

absl::Status AwaitDecided(node::Exchange& exchange) {
  const auto begun = std::chrono::steady_clock::now();
  while (exchange.books().resources.at(0).waiting != 0) {
    RETURN_IF_ERROR(exchange.Health());
    if (std::chrono::steady_clock::now() - begun > std::chrono::duration<double>(kSecondsMax)) {
      return absl::DeadlineExceededError("the lanes did not decide everything in time");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return absl::OkStatus();
}

// The batches lie in the exchange's topic when both clocks start: what is timed is reading, deciding and committing,
// and the copy.
absl::Status RunThrough(const BenchmarkOptions& options, const PreparedUnit& unit, int repetition, Views views,
                        Stopwatch* copied, Stopwatch& decided) {
  const ScratchDirectory scratch(options.directory);
  kafka::KafkaOptions engine;
  engine.bootstrap_servers = options.kafka;
  engine.exchange = absl::StrCat("bench-", getpid(), "-", repetition, "-", views == Views::kOne ? "one" : "three");
  ASSIGN_OR_RETURN(const auto broker, kafka::OpenKafkaBroker(engine));
  GatedScheduler scheduler;
  ASSIGN_OR_RETURN(const auto bench, BenchExchange::Open(scratch.path(), *broker, scheduler, kLanes, views));
  RETURN_IF_ERROR(bench->CheckFits(unit));
  RETURN_IF_ERROR(UnitPublisher(unit).PublishAll(bench->source()));
  if (copied != nullptr) {
    RETURN_IF_ERROR(broker->CreateTopic(kCopyTopic, {broker::TopicKind::kRecords, 1}));
    const std::string from = bench->exchange().catalog()->FindResource(kResource)->publish_topic();
    KafkaCopy copy;
    copy.bootstrap_servers = options.kafka;
    copy.from = engine.exchange + "." + from;
    copy.to = engine.exchange + "." + kCopyTopic;
    copy.partitions = kPartitions;
    copy.threads = kLanes;
    copy.messages_per_commit = kBatchesPerCopyCommit;
    copy.messages = unit.batches.size();
    RETURN_IF_ERROR(CopyTransactionally(copy, *copied));
  }
  decided.Start();
  scheduler.Open();
  const absl::Status status = AwaitDecided(bench->exchange());
  decided.Stop();
  RETURN_IF_ERROR(status);
  return bench->CheckBooks(unit);
}

}  // namespace

absl::Status MeasureKafka(const BenchmarkOptions& options, std::vector<Figure>& figures) {
  if (options.kafka.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const PreparedUnit unit, PrepareUnitForAll(options.directory, options.records));
  const auto records = static_cast<double>(unit.records);
  std::vector<double> copy_bytes, one, one_share, one_cpu, three, three_cpu;
  for (int i = 0; i < options.repetitions(); ++i) {
    Stopwatch copied(Stopwatch::Cpu::kProcess), decided(Stopwatch::Cpu::kProcess), thrice(Stopwatch::Cpu::kProcess);
    RETURN_IF_ERROR(RunThrough(options, unit, i, Views::kOne, &copied, decided));
    RETURN_IF_ERROR(RunThrough(options, unit, i, Views::kThree, nullptr, thrice));
    copy_bytes.push_back(static_cast<double>(unit.encoded_bytes) / copied.wall_seconds() / 1e6);
    one.push_back(records / decided.wall_seconds());
    one_share.push_back(copied.wall_seconds() / decided.wall_seconds());
    one_cpu.push_back(decided.cpu_seconds() * 1e6 / records);
    three.push_back(records / thrice.wall_seconds());
    three_cpu.push_back(thrice.cpu_seconds() * 1e6 / records);
  }
  const std::string data = absl::StrFormat(
      "%d records of %d bytes, %d %% repeats, in %d batches of %d KiB in %d partitions of a topic of %s", unit.records,
      unit.payload_bytes / unit.records, kRepeatsPerHundred, unit.batches.size(),
      unit.encoded_bytes / unit.batches.size() / 1024, kPartitions, options.kafka);
  figures.push_back(FigureOf("kafka.copy", "MB/s", copy_bytes,
                             absl::StrFormat("%s; copied to another topic by %d threads of librdkafka, exactly once, "
                                             "%d batches a transaction with the offsets read",
                                             data, kLanes, kBatchesPerCopyCommit)));
  const std::string road =
      absl::StrFormat("%s; %d lanes; from the first read to the last commit; CPU without the broker's; ", data, kLanes);
  const std::string of_one = road + ViewsInWords(Views::kOne);
  figures.push_back(FigureOf("kafka.one_view", "records/s", one, of_one, kExpectedPerSecond));
  figures.push_back(FigureOf("kafka.one_view.share_of_copy", "ratio", one_share, of_one, kExpectedShare));
  figures.push_back(FigureOf("kafka.one_view.cpu", "CPU s/million", one_cpu, of_one));
  const std::string of_three = road + ViewsInWords(Views::kThree);
  figures.push_back(FigureOf("kafka.three_views", "records/s", three, of_three));
  figures.push_back(FigureOf("kafka.three_views.cpu", "CPU s/million", three_cpu, of_three));
  return absl::OkStatus();
}

}  // namespace datong::benchmarks
