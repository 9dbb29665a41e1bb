// SPDX-License-Identifier: Apache-2.0
// Whatever dies between a sink's write and its receipt, every delivered record is in the sink's files exactly once and
// every receipt arrives.
#include <catch2/catch.hpp>

#include "connectors/runner/sink_runner.h"
#include "exchange_core/record/record_writer.h"
#include "tests/unit/connectors/runner/runner_support.h"

namespace datong::runner {
namespace {

class World {
 public:
  World() {
    exchange.resource = Register(1);
    options.subscription = "b";
    options.records_per_write_max = 5;
    sink.directory = folder.path() + "/" + ("out");
  }
  std::unique_ptr<SinkRunner> Runner() {
    return std::make_unique<SinkRunner>(options, file::NewFileSink(sink, base::PosixFileSystem()), exchange, scheduler,
                                        clock, random);
  }
  // Deliveries with gaps between their positions; record n has capital n.
  void Deliver(int batches) {
    record::RecordWriter writer(exchange.resource.schema, exchange.resource.domain_key);
    for (int i = 0; i < batches; ++i) {
      client::Delivery delivery;
      delivery.position = exchange.stream.empty() ? 10 : exchange.stream.back().position + 3;
      delivery.lane = 1;
      delivery.first_sequence = static_cast<uint64_t>(records);
      delivery.batch.header.files = {{1, "c.csv"}};
      for (int record = 0; record < 2; ++record, ++records) {
        const std::string code = "c" + std::to_string(records), capital = std::to_string(records);
        const bool problem = writer
                                 .Append({code, "公司", capital}, record::Operation::kInsert,
                                         {0, static_cast<uint64_t>(records)}, delivery.batch)
                                 .has_value();
        REQUIRE(!problem);
      }
      exchange.stream.push_back(delivery);
    }
  }
  // Every sequence in the part files, in order of their names.
  std::vector<std::string> Applied() const {
    std::vector<std::string> sequences, names;
    for (const auto& entry : std::filesystem::directory_iterator(sink.directory))
      names.push_back(entry.path().string());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      if (name.find("changes-") == std::string::npos) continue;
      file::FileSourceOptions read;
      read.paths = {name};
      read.encoding = sink.encoding;
      for (const file::ReadRow& row : file::ReadAll(read).rows) sequences.push_back(*row.values[3]);
    }
    return sequences;
  }
  std::vector<std::string> All() const {
    std::vector<std::string> sequences;
    for (int i = 0; i < records; ++i) sequences.push_back(std::to_string(i));
    return sequences;
  }
  void RunUntilIdle(SinkRunner& runner) {
    for (int i = 0; i < 10000; ++i) {
      const base::StepResult result = runner.Step();
      if (result.kind == base::StepResult::Kind::kFinished) return;
      if (result.kind == base::StepResult::Kind::kIdle) {
        if (runner.progress().state == SinkProgress::State::kIdle) return;
        clock.now = std::max(clock.now, result.wake_at);
      }
    }
    FAIL("never idle");
  }

  tests::TemporaryDirectory folder;
  tests::FakeExchange exchange;
  tests::ManualScheduler scheduler;
  ManualClock clock;
  base::SeededRandom random{1};
  file::FileSinkOptions sink;
  SinkRunnerOptions options;
  int records = 0;
};

TEST_CASE("stopped after any number of steps, everything is applied once") {
  for (int steps = 2; steps < 12; ++steps) {
    World world;
    world.Deliver(9);
    for (int restart = 0; restart < 40; ++restart) {
      auto runner = world.Runner();
      for (int i = 0; i < steps; ++i) runner->Step();
    }
    INFO(steps);
    if (steps < 3) continue;  // too few steps to fetch and write
    CHECK(world.Applied() == world.All());
    CHECK(world.exchange.acknowledged == world.exchange.stream.back().position + 1);
  }
}

TEST_CASE(
    "a receipt lost in a crash is sent without writing again, refusals included, even when more is fetched at once") {
  World world;
  world.sink.encoding = "gbk";
  world.Deliver(2);
  {
    record::RecordWriter writer(world.exchange.resource.schema, world.exchange.resource.domain_key);
    client::Delivery& last = world.exchange.stream.back();
    writer.Append({"x", "𠀀", "1"}, record::Operation::kInsert, {0, 99}, last.batch);  // GBK does not have it
    auto runner = world.Runner();
    for (int i = 0; i < 3; ++i) runner->Step();  // open, fetch, write
  }
  CHECK(world.exchange.acknowledged == 0);
  ++world.records;  // the refused one took a sequence
  world.Deliver(3);
  world.options.records_per_write_max = 100;
  auto runner = world.Runner();
  world.RunUntilIdle(*runner);
  std::vector<std::string> expected = world.All();
  expected.erase(expected.begin() + 4);
  CHECK(world.Applied() == expected);
  REQUIRE(world.exchange.refused.size() == 1);
  CHECK(world.exchange.refused[0].lane == 1);
  CHECK(world.exchange.refused[0].sequence == 4);
  CHECK(world.exchange.refused[0].reason.substr(0, 17) == "not_representable");
  CHECK(runner->progress().refused == 1);
  CHECK(runner->progress().applied == 10);
}

TEST_CASE("an exchange that is away delays the receipt; nothing is written twice") {
  World world;
  world.Deliver(4);
  for (int i = 0; i < 10; ++i) {
    world.exchange.fail_next.push_back(i % 2 == 0 ? absl::UnavailableError("away") : absl::OkStatus());
  }
  auto runner = world.Runner();
  world.RunUntilIdle(*runner);
  CHECK(world.Applied() == world.All());
  CHECK(runner->progress().applied == 8);
}

class StubbornSink final : public sdk::SinkConnector {
 public:
  explicit StubbornSink(std::vector<sdk::Status> answers, int& writes)
      : answers_(std::move(answers)), writes_(writes) {}
  sdk::Status Open(const sdk::SinkContent&, sdk::SinkState&) override { return sdk::Status::Ok(); }
  sdk::WriteResult Write(const sdk::DeliveryBatch& batch, const std::string& position) override {
    CHECK(position == "00000000000000000011");
    CHECK(batch.records.size() == 2);
    sdk::WriteResult result;
    result.status = answers_.at(static_cast<size_t>(writes_++));
    return result;
  }
  void Close() override {}

 private:
  std::vector<sdk::Status> answers_;
  int& writes_;
};

TEST_CASE("retry repeats the same batch after a pause; fail stops and shows") {
  World world;
  world.Deliver(1);
  int writes = 0;
  const auto run = [&](std::vector<sdk::Status> answers) {
    SinkRunner runner(world.options, std::make_unique<StubbornSink>(std::move(answers), writes), world.exchange,
                      world.scheduler, world.clock, world.random);
    world.RunUntilIdle(runner);
    return runner.progress();
  };
  SECTION("retry") {
    CHECK(run({sdk::Status::Retry("busy"), sdk::Status::Retry("busy"), sdk::Status::Ok()}).applied == 2);
    CHECK(writes == 3);
    CHECK(world.exchange.acknowledged == 11);
  }
  SECTION("fail") {
    const SinkProgress progress = run({sdk::Status::Fail("table_gone", "no table t", "create it")});
    CHECK(progress.state == SinkProgress::State::kFailed);
    CHECK(progress.error.code == "table_gone");
    CHECK(world.exchange.acknowledged == 0);
  }
}

TEST_CASE(
    "a sink that holds more than the exchange gives writes nothing, says so, and goes on once the exchange has it") {
  World world;
  world.Deliver(5);
  world.RunUntilIdle(*world.Runner());
  const std::vector<client::Delivery> stream = world.exchange.stream;
  const std::vector<std::string> applied = world.Applied();
  world.exchange.stream.resize(2);
  world.exchange.acknowledged = 0;
  auto runner = world.Runner();
  for (int i = 0; i < 20; ++i) {
    const base::StepResult result = runner->Step();
    if (result.kind == base::StepResult::Kind::kIdle) world.clock.now = result.wake_at;
  }
  CHECK(runner->progress().state == SinkProgress::State::kWaiting);
  CHECK(runner->progress().error.code == "sink_ahead");
  CHECK(world.Applied() == applied);
  world.exchange.stream = stream;
  world.Deliver(1);
  world.RunUntilIdle(*runner);
  CHECK(world.Applied() == world.All());
}

}  // namespace
}  // namespace datong::runner
