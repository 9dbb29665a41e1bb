// SPDX-License-Identifier: Apache-2.0
// Wherever a source's runner stops, the next one publishes exactly the rows that are missing, in order, and ends the
// unit once.
#include <catch2/catch.hpp>
#include <thread>

#include "connectors/runner/source_runner.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/record/rejected_row.h"
#include "exchange_core/record/wire_walker.h"
#include "tests/unit/connectors/runner/runner_support.h"

namespace datong::runner {
namespace {

class World {
 public:
  explicit World(uint32_t partitions = 2) {
    exchange.resource = Register(partitions);
    source.paths = {folder.path() + "/" + ("c.csv")};
    source.rows_per_read_max = 7;
    options.source = "s";
    options.resource = "company";
    options.rows_per_publish_max = 20;
  }
  std::unique_ptr<SourceRunner> Runner() {
    return std::make_unique<SourceRunner>(options, file::NewFileSource(source, base::PosixFileSystem()), exchange,
                                          scheduler, clock, random);
  }
  void WriteRows(int rows) {
    std::string text = "名称,code,capital,unused\r\n";
    for (int i = 0; i < rows; ++i)
      text += "公司" + std::to_string(i) + ",c" + std::to_string(i % 50) + "," + std::to_string(i) + ",\r\n";
    file::WriteFile(source.paths[0], text);
  }
  // Published rows of a file, each once and ascending within its partition.
  std::vector<uint64_t> Rows() const {
    std::vector<uint64_t> rows;
    std::map<uint32_t, uint64_t> last_row, last_sequence;
    for (const record::RecordBatch& batch : exchange.published) {
      REQUIRE(batch.header.publisher_sequence > last_sequence[batch.header.partition]);
      last_sequence[batch.header.partition] = batch.header.publisher_sequence;
      for (size_t i = 0; i < batch.size(); ++i) {
        REQUIRE(batch.columns.row[i] > last_row[batch.header.partition]);
        last_row[batch.header.partition] = batch.columns.row[i];
        rows.push_back(batch.columns.row[i]);
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  void Run(SourceRunner& runner) {
    for (int i = 0; i < 100000; ++i) {
      const base::StepResult result = runner.Step();
      if (result.kind == base::StepResult::Kind::kFinished) return;
      if (result.kind == base::StepResult::Kind::kIdle) clock.now = std::max(clock.now, result.wake_at);
      scheduler.StepEach();
    }
    FAIL("the runner never finishes");
  }

  tests::TemporaryDirectory folder;
  tests::FakeExchange exchange;
  tests::ManualScheduler scheduler;  // of the runner's publisher
  ManualClock clock;
  base::SeededRandom random{1};
  file::FileSourceOptions source;
  SourceRunnerOptions options;
};

std::vector<uint64_t> UpTo(uint64_t last) {
  std::vector<uint64_t> rows;
  for (uint64_t row = 1; row <= last; ++row) rows.push_back(row);
  return rows;
}

TEST_CASE("stopped after any step, and after every step, the rows arrive once") {
  const bool asked = GENERATE(false, true);  // whether the exchange must know the identity first
  for (size_t stop_every = 1; stop_every < 40; ++stop_every) {
    World world;
    world.exchange.asks_for_identity = asked;
    world.WriteRows(100);
    size_t restarts = 0;
    for (bool finished = false; !finished && restarts < 1000; ++restarts) {
      // A runner killed early makes no way with fewer steps than opening and reading take; each gets some more.
      auto runner = world.Runner();
      for (size_t step = 0; step < stop_every + restarts && !finished; ++step) {
        finished = runner->Step().kind == base::StepResult::Kind::kFinished;
        if ((step + restarts) % 3 != 0) world.scheduler.StepEach();
      }
      if (finished) CHECK(runner->progress().state == SourceProgress::State::kFinished);
    }
    INFO(stop_every << " " << restarts);
    CHECK(world.Rows() == UpTo(100));
    REQUIRE(world.exchange.ended.size() == 1);
    CHECK(world.exchange.ended[0].second == "");
    CHECK(world.exchange.ended[0].first.rows_published == 100);
    const std::string identity = base::ToHex(base::Sha256(file::ReadBytes(world.source.paths[0])));
    CHECK(world.exchange.ended[0].first.identity == identity);
    CHECK(world.exchange.declared.size() == 1);
    CHECK(world.exchange.declared[0].identity == (asked ? identity : ""));
  }
}

TEST_CASE("a unit whose run was given up for another one is read from its first row") {
  World world;
  world.WriteRows(100);
  {
    auto runner = world.Runner();
    while (world.exchange.published.empty()) {
      runner->Step();
      world.scheduler.StepEach();
    }
  }
  REQUIRE(!world.exchange.unfinished->position.empty());
  REQUIRE(world.Rows().size() < 100);
  // The other one was begun and not published to: the source's position is still inside the first one.
  world.exchange.published.clear();
  world.exchange.unfinished->name = "other.csv";
  world.exchange.unfinished->rows_published = 0;
  auto runner = world.Runner();
  world.Run(*runner);
  CHECK(runner->progress().units_complete == 1);
  CHECK(world.Rows() == UpTo(100));
}

// Begins a unit without identity, and at its end has none either.
class NamelessSource final : public sdk::SourceConnector {
 public:
  sdk::Status Open(const std::string&) override { return sdk::Status::Ok(); }
  sdk::Status Read(sdk::SourceRead& into) override {
    if (!begun_) {
      into.unit_begun.emplace().name = "u";
      into.unit_begun->columns = {"code", "名称", "capital"};
    }
    into.unit_ended = begun_;
    begun_ = true;
    return sdk::Status::Ok();
  }
  void Acknowledge(const std::string&) override {}
  void Close() override {}

 private:
  bool begun_ = false;
};

TEST_CASE("a source that does not tell what it read is stopped") {
  World world;
  world.exchange.asks_for_identity = GENERATE(false, true);
  SourceRunner runner(world.options, std::make_unique<NamelessSource>(), world.exchange, world.scheduler, world.clock,
                      world.random);
  world.Run(runner);
  CHECK(runner.progress().state == SourceProgress::State::kFailed);
  CHECK(runner.progress().error.code == "bad_connector");
  CHECK(world.exchange.ended.empty());
}

TEST_CASE("with reading and publishing on threads of their own") {
  World world;
  world.WriteRows(5000);
  world.exchange.fail_next.assign(20, absl::OkStatus());
  world.exchange.fail_next.push_back(absl::UnavailableError("away"));
  const auto threads = base::NewThreadScheduler(base::SystemClock());
  SourceRunner runner(world.options, file::NewFileSource(world.source, base::PosixFileSystem()), world.exchange,
                      *threads, base::SystemClock(), world.random);
  threads->Add(runner);
  while (runner.progress().state != SourceProgress::State::kFinished) {
    REQUIRE(runner.progress().state != SourceProgress::State::kFailed);
    std::this_thread::yield();
  }
  threads->Remove(runner);
  CHECK(runner.progress().rows_published == 5000);
  CHECK(world.Rows() == UpTo(5000));
  CHECK(world.exchange.ended.size() == 1);
}

TEST_CASE("an exchange that is behind or away delays, and costs no row") {
  World world;
  world.WriteRows(100);
  for (int i = 0; i < 12; ++i) {
    world.exchange.fail_next.push_back(i % 3 == 0   ? absl::OkStatus()
                                       : i % 3 == 1 ? absl::ResourceExhaustedError("behind")
                                                    : absl::UnavailableError("away"));
  }
  auto runner = world.Runner();
  bool waited = false;
  const base::TimeUs start = world.clock.now;
  for (base::StepResult result = runner->Step(); result.kind != base::StepResult::Kind::kFinished;
       result = runner->Step()) {
    world.scheduler.StepEach();
    if (result.kind != base::StepResult::Kind::kIdle || result.wake_at == 0) continue;
    waited = true;
    CHECK(runner->progress().state == SourceProgress::State::kWaiting);
    CHECK(runner->progress().error.code.substr(0, 9) == "exchange_");
    CHECK(result.wake_at - world.clock.now >= 50'000);
    CHECK(result.wake_at - world.clock.now <= 30'000'000);
    world.clock.now = result.wake_at;
  }
  CHECK(waited);
  CHECK(world.clock.now - start < 60'000'000);
  CHECK(world.Rows() == UpTo(100));
}

TEST_CASE("fenced by another holder, the runner stops and says so") {
  World world;
  world.WriteRows(30);
  world.exchange.fail_next = {absl::OkStatus(), absl::AbortedError("fenced")};
  auto runner = world.Runner();
  world.Run(*runner);
  CHECK(runner->progress().state == SourceProgress::State::kFailed);
  CHECK(runner->progress().error.code == "fenced");
}

TEST_CASE("columns are matched by name; what feeds nothing is told; headers carry the run") {
  World world(1);
  world.options.full = true;
  world.WriteRows(30);
  auto runner = world.Runner();
  world.Run(*runner);
  CHECK(runner->progress().ignored_columns == std::vector<std::string>{"unused"});
  REQUIRE(!world.exchange.published.empty());
  const record::RecordBatch& batch = world.exchange.published[0];
  CHECK(batch.header.resource_id == 3);
  CHECK(batch.header.publisher_id == 5);
  CHECK(batch.header.source_id == 7);
  CHECK(batch.header.publisher_epoch == 1);
  CHECK(batch.header.snapshot_marks == (record::kSnapshotBegin | record::kSnapshotPart));
  CHECK(batch.header.files == std::vector<record::SourceFile>{{1, "c.csv"}});
  CHECK(world.exchange.published.back().header.snapshot_marks == record::kSnapshotPart);
  const auto& items = world.exchange.resource.schema.items;
  CHECK(record::FieldAsText(items[0], batch.record(3)) == "c3");
  CHECK(record::FieldAsText(items[1], batch.record(3)) == "公司3");
  CHECK(record::FieldAsText(items[2], batch.record(3)) == "3");
}

TEST_CASE("a file whose columns do not fit fails as a unit, naming both sides; explicit names mend it") {
  World world;
  file::WriteFile(world.source.paths[0], "编号,capital\nc1,5\n");
  SECTION("by name") {
    auto runner = world.Runner();
    world.Run(*runner);
    CHECK(runner->progress().state == SourceProgress::State::kFinished);
    CHECK(runner->progress().units_failed == 1);
    REQUIRE(world.exchange.ended.size() == 1);
    const std::string& failure = world.exchange.ended[0].second;
    CHECK(failure.substr(0, 20) == "columns_do_not_match");
    CHECK(failure.find("编号") != std::string::npos);
    CHECK(failure.find("名称") != std::string::npos);
    CHECK(world.exchange.published.empty());
  }
  SECTION("declared") {
    world.options.item_of_column = {{"编号", "code"}};
    auto runner = world.Runner();
    world.Run(*runner);
    CHECK(runner->progress().units_complete == 1);
    CHECK(world.Rows() == UpTo(1));
  }
}

TEST_CASE("rows that are no records are published with their original bytes, always to the same partition") {
  World world(4);
  file::WriteFile(world.source.paths[0], "code,capital\nc1,1\nc2,many\nc3\n,4\n\"c5\", 5x\n");
  world.Run(*world.Runner());
  CHECK(world.Rows() == UpTo(5));
  std::map<uint64_t, std::string> reasons, raws;
  for (const record::RecordBatch& batch : world.exchange.published) {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch.columns.operation[i] != record::Operation::kUnreadable) continue;
      const auto rejected = record::DecodeRejectedRow(batch.record(i));
      REQUIRE(rejected.ok());
      reasons[batch.columns.row[i]] = rejected->reason;
      raws[batch.columns.row[i]] = rejected->raw;
    }
  }
  CHECK(reasons == std::map<uint64_t, std::string>{{2, "type"}, {3, "ragged_row"}, {4, "key_missing"}, {5, "type"}});
  CHECK(raws == std::map<uint64_t, std::string>{{2, "c2,many"}, {3, "c3"}, {4, ",4"}, {5, "\"c5\", 5x"}});
}

TEST_CASE("rows that are no records fill a batch with their original bytes") {
  constexpr int kRows = 700;
  World world(1);
  world.options.rows_per_publish_max = 20'000;
  std::string text = "code,capital,unused\n";
  for (int i = 0; i < kRows; ++i) text += "c" + std::to_string(i) + ",many," + std::string(100'000, 'x') + "\n";
  file::WriteFile(world.source.paths[0], text);
  world.Run(*world.Runner());
  CHECK(world.Rows() == UpTo(kRows));
  CHECK(world.exchange.published.size() > 1);
}

TEST_CASE("a unit that breaks off is ended as failed after its rows are durable") {
  World world;
  file::WriteFile(world.source.paths[0], "code,capital\nc1,1\nc2,\"2\n");
  world.Run(*world.Runner());
  CHECK(world.Rows() == UpTo(1));
  REQUIRE(world.exchange.ended.size() == 1);
  CHECK(world.exchange.ended[0].second.substr(0, 8) == "cut_off:");
}

}  // namespace
}  // namespace datong::runner
