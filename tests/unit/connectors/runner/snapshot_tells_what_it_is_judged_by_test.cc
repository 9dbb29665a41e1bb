// SPDX-License-Identifier: Apache-2.0
// The exchange is told of every unit which columns it has and what moment it speaks of; of every row, readable or not,
// whose it is where that can be known; and a dump without its key reaches it as such.
#include <catch2/catch.hpp>

#include "connectors/runner/source_runner.h"
#include "tests/unit/connectors/runner/runner_support.h"

namespace datong::runner {
namespace {

class World {
 public:
  World() {
    exchange.resource = Register(4);
    source.paths = {folder.path() + "/2022-03-11.csv"};
    source.full = true;
    options.source = "s";
    options.resource = "company";
    options.full = true;
    options.row_memory_directory = folder.path() + "/row-memory";
  }
  SourceProgress Run(const std::string& content) {
    file::WriteFile(source.paths[0], content);
    SourceRunner runner(options, file::NewFileSource(source, base::PosixFileSystem()), exchange, scheduler, clock,
                        random);
    for (int i = 0; i < 10000; ++i) {
      const base::StepResult result = runner.Step();
      if (result.kind == base::StepResult::Kind::kFinished) return runner.progress();
      if (result.kind == base::StepResult::Kind::kIdle) {
        if (runner.progress().state == SourceProgress::State::kWaiting) waited = runner.progress();
        clock.now = std::max(clock.now, result.wake_at);
      }
      scheduler.StepEach();
    }
    FAIL("the runner never finishes");
    return {};
  }

  tests::TemporaryDirectory folder;
  tests::FakeExchange exchange;
  tests::ManualScheduler scheduler;  // of the runner's publisher
  ManualClock clock;
  base::SeededRandom random{1};
  file::FileSourceOptions source;
  SourceRunnerOptions options;
  SourceProgress waited;
};

TEST_CASE("columns are declared in the file's order, by the name of the item they feed") {
  World world;
  world.options.item_of_column = {{"编号", "code"}, {"旧名", "gone"}};
  world.Run("编号,extra,capital,旧名\nc1,x,5,y\n");
  REQUIRE(world.exchange.declared.size() == 1);
  CHECK(world.exchange.declared[0].columns == std::vector<std::string>{"code", "extra", "capital", "旧名"});
  CHECK(world.exchange.declared[0].as_of == 0);
  CHECK(world.exchange.declared[0].full);
}

TEST_CASE("the moment a dump speaks of is declared") {
  World world;
  world.source.as_of_in_name = true;
  world.Run("code\nc1\n");
  CHECK(world.exchange.declared.at(0).as_of == 1'647'014'400'000'000);  // 2022-03-12T00:00+08:00
}

TEST_CASE("a full dump without the key ends complete, publishes nothing and declares its columns") {
  for (const std::string header : {"编号,capital", "编号,资本", "名称"}) {
    World world;
    const SourceProgress progress = world.Run(header + "\nc1,5\nc2,6\n");
    INFO(header);
    CHECK(progress.units_complete == 1);
    CHECK(progress.units_failed == 0);
    CHECK(progress.rows_published == 0);
    CHECK(world.exchange.published.empty());
    REQUIRE(world.exchange.ended.size() == 1);
    CHECK(world.exchange.ended[0].second == "");
    CHECK(world.exchange.declared.at(0).columns.size() == (header == "名称" ? 1u : 2u));
  }
}

TEST_CASE("a full dump without the key that breaks off fails") {
  World world;
  CHECK(world.Run("编号,capital\nc1,5\nc2").units_failed == 1);
  CHECK(world.exchange.ended.at(0).second.substr(0, 8) == "cut_off:");
}

TEST_CASE("appended files and events without a fitting column fail as ever") {
  World append;
  append.options.full = false;
  CHECK(append.Run("编号,capital\nc1,5\n").units_failed == 1);
  World ambiguous;
  ambiguous.options.item_of_column = {{"编号", "capital"}};
  CHECK(ambiguous.Run("编号,capital\nc1,5\n").units_failed == 1);
  World event;
  event.exchange.resource.schema.kind = record::ResourceKind::kEvent;
  CHECK(event.Run("编号,资本\nc1,5\n").units_failed == 1);
  CHECK(event.exchange.ended.at(0).second.substr(0, 20) == "columns_do_not_match");
}

TEST_CASE("a unit that fails before it is read declares no columns") {
  World world;
  world.source.manifest.count = true;
  CHECK(world.Run("code\nc1\n").unit_failure.substr(0, 12) == "no_manifest:");
  CHECK(world.exchange.declared.at(0).columns.empty());
}

TEST_CASE("what the exchange holds goes out without its content, by the claims of the dump before") {
  World world;
  world.exchange.holds_everything = true;
  const std::string header = "code,名称,capital\n";
  const auto take = [&] {
    world.exchange.position.clear();  // the next run finds another file
    return std::exchange(world.exchange.published, {});
  };
  const auto row_of = [](const std::vector<record::RecordBatch>& batches, uint64_t row) {
    for (const record::RecordBatch& batch : batches) {
      for (size_t i = 0; i < batch.size(); ++i) {
        const auto& columns = batch.columns;
        if (columns.row[i] == row) return std::tuple(columns.operation[i], columns.key[i], columns.fingerprint[i]);
      }
    }
    FAIL("row " << row << " is not there");
    return std::tuple<record::Operation, base::Digest, base::Digest>();
  };
  world.Run(header + "c1,甲,1\nc2,乙,2\nc3,丙,3\n");
  const auto first = take();
  CHECK(std::get<0>(row_of(first, 1)) == record::Operation::kUpsert);  // nothing was remembered

  world.Run(header + "c1,甲,1\nc2,乙,20\nc3,\"丙\",3\nc1,甲,1\nc4,丁,x\n");
  const auto second = take();
  CHECK(std::get<0>(row_of(second, 1)) == record::Operation::kSame);
  for (const record::RecordBatch& batch : second) {
    for (const uint32_t entry : batch.columns.same_entry) {
      CHECK(world.exchange.held.at(entry).key == std::get<1>(row_of(first, 1)));
      CHECK(world.exchange.held.at(entry).fingerprint == std::get<2>(row_of(first, 1)));
    }
  }
  CHECK(std::get<0>(row_of(second, 2)) == record::Operation::kUpsert);
  CHECK(std::get<2>(row_of(second, 2)) != std::get<2>(row_of(first, 2)));
  // Written otherwise: read anew, and found to say the same.
  CHECK(row_of(second, 3) ==
        std::tuple(record::Operation::kUpsert, std::get<1>(row_of(first, 3)), std::get<2>(row_of(first, 3))));
  CHECK(std::get<0>(row_of(second, 5)) == record::Operation::kUnreadable);

  world.exchange.holds_everything = false;  // somebody changed it all meanwhile
  world.Run(header + "c1,甲,1\nc2,乙,20\n");
  const auto third = take();
  CHECK(row_of(third, 1) == row_of(first, 1));
  CHECK(row_of(third, 2) == row_of(second, 2));
}

TEST_CASE("a bad row goes where its key's records go, as far as its key can be read") {
  World world;
  std::string content = "code,名称,capital\n";
  for (int i = 0; i < 40; ++i) {
    const std::string key = "c" + std::to_string(i);
    content += key + ",good,1\n" + key + ",bad,one\n" + key + ",\xB1\xB1,1\n";
  }
  content += ",none,1\n\xFF,none,1\nc1,ragged\n";
  world.Run(content);
  std::map<base::Digest, uint32_t> partition_of;
  size_t bad = 0, unknown = 0;
  for (const bool good : {true, false}) {
    for (const record::RecordBatch& batch : world.exchange.published) {
      for (size_t i = 0; i < batch.size(); ++i) {
        if ((batch.columns.operation[i] != record::Operation::kUnreadable) != good) continue;
        if (good) {
          partition_of[batch.columns.key[i]] = batch.header.partition;
        } else if (batch.columns.key[i] == batch.columns.id[i]) {
          ++unknown;
        } else {
          ++bad;
          REQUIRE(partition_of.contains(batch.columns.key[i]));
          CHECK(partition_of[batch.columns.key[i]] == batch.header.partition);
        }
      }
    }
  }
  CHECK(partition_of.size() == 40);
  CHECK(bad == 80);
  CHECK(unknown == 3);
}

TEST_CASE("that the last snapshot is not decided is shown as waiting, and waited for") {
  World world;
  const std::string why = "the last snapshot of s is not decided yet";
  world.exchange.fail_next = {absl::UnavailableError(why), absl::UnavailableError(why)};
  const SourceProgress progress = world.Run("code\nc1\n");
  CHECK(world.waited.error.Text() == "waiting: " + why);
  CHECK(progress.units_complete == 1);
  CHECK(progress.error.code == "");
}

}  // namespace
}  // namespace datong::runner
