// SPDX-License-Identifier: Apache-2.0
// A source that can hand rows over unparsed is asked to where rows can be recalled; those that are, and that the
// exchange holds, are never parsed, and nothing else of what is published changes. What was remembered under another
// reading of the bytes is not recalled.
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/runner/source_runner.h"
#include "tests/unit/connectors/runner/runner_support.h"

namespace datong::runner {
namespace {

// What a source was asked for, and what became of its rows.
struct Told {
  size_t handed_over_unparsed = 0;
  std::vector<std::string> parsed;  // later
};

void AddValues(std::string_view raw, sdk::RowBatch& rows) {
  if (raw.front() == '?') return rows.SetUnreadable("encoding", "not UTF-8");
  const size_t comma = raw.find(',');
  rows.AddPart(0, comma);
  rows.AddPart(comma + 1, raw.size() - comma - 1);
}

class TellingParser final : public sdk::RowParser {
 public:
  explicit TellingParser(Told& told) : told_(told) {}
  void Parse(std::string_view raw, sdk::RowBatch& into) override {
    told_.parsed.emplace_back(raw);
    AddValues(raw, into);
  }

 private:
  Told& told_;
};

// One dump of rows "code,capital", some at a time; the first of them with the unit's beginning where it is so declared.
struct Dump {
  std::vector<std::string> rows;
  std::string reading = "as it stands";
  bool rows_with_beginning = false;
};

class DumpSource final : public sdk::SourceConnector {
 public:
  DumpSource(Dump dump, Told& told) : dump_(std::move(dump)), told_(told) {}
  sdk::Status Open(const std::string&) override { return sdk::Status::Ok(); }
  sdk::Status Read(sdk::SourceRead& into) override {
    into.position = std::to_string(next_);
    if (!std::exchange(begun_, true)) {
      into.unit_begun.emplace();
      into.unit_begun->name = into.unit_begun->identity = "dump";
      into.unit_begun->columns = {"code", "capital"};
      into.unit_begun->reading = dump_.reading;
      if (!dump_.rows_with_beginning) return sdk::Status::Ok();
    }
    if (next_ == dump_.rows.size()) {
      into.exhausted = std::exchange(ended_, true);
      into.unit_ended = !into.exhausted;
      return sdk::Status::Ok();
    }
    if (into.rows.may_be_unparsed()) into.rows.SetParser(std::make_unique<TellingParser>(told_));
    for (size_t end = std::min(dump_.rows.size(), next_ + 7); next_ < end; ++next_) AddRow(into.rows);
    into.position = std::to_string(next_);
    return sdk::Status::Ok();
  }
  void Acknowledge(const std::string&) override {}
  void Close() override {}

 private:
  void AddRow(sdk::RowBatch& rows) {
    const std::string& raw = dump_.rows[next_];
    if (rows.may_be_unparsed()) {
      ++told_.handed_over_unparsed;
      return rows.AddUnparsed(next_ + 1, raw);
    }
    rows.BeginRow(next_ + 1, raw);
    AddValues(raw, rows);
    rows.EndRow();
  }

  const Dump dump_;
  Told& told_;
  size_t next_ = 0;
  bool begun_ = false, ended_ = false;
};

struct Published {
  record::Operation operation{};
  base::Digest key, fingerprint;
  std::string content;
  friend bool operator==(const Published&, const Published&) = default;
};
using ByRow = std::map<uint64_t, Published>;

class World {
 public:
  explicit World(bool remembers) {
    exchange.resource = Register(3);
    options.source = "s";
    options.resource = "company";
    options.full = true;
    if (remembers) options.row_memory_directory = folder.path() + "/row-memory";
  }
  ByRow Run(std::unique_ptr<sdk::SourceConnector> source) {
    exchange.position.clear();  // the next run finds another dump
    exchange.published.clear();
    SourceRunner runner(options, std::move(source), exchange, scheduler, clock, random);
    for (int i = 0; i < 10'000; ++i) {
      if (runner.Step().kind == base::StepResult::Kind::kFinished) {
        progress = runner.progress();
        return TakePublished();
      }
      scheduler.StepEach();
    }
    FAIL("the runner never finishes");
    return {};
  }
  ByRow Run(const Dump& dump, Told& told) { return Run(std::make_unique<DumpSource>(dump, told)); }

  tests::TemporaryDirectory folder;
  tests::FakeExchange exchange;
  tests::ManualScheduler scheduler;
  ManualClock clock;
  base::SeededRandom random{1};
  SourceRunnerOptions options;
  SourceProgress progress;

 private:
  ByRow TakePublished() const {
    ByRow published;
    for (const record::RecordBatch& batch : exchange.published) {
      const auto& columns = batch.columns;
      size_t same = 0;
      for (size_t i = 0; i < batch.size(); ++i) {
        const bool is_same = columns.operation[i] == record::Operation::kSame;
        const record::RecordClaim claim = is_same ? exchange.held.at(columns.same_entry.at(same++))
                                                  : record::RecordClaim{columns.key[i], columns.fingerprint[i]};
        published[columns.row[i]] = {columns.operation[i], claim.key, claim.fingerprint, std::string(batch.record(i))};
      }
    }
    return published;
  }
};

Dump ManyRows() {
  Dump dump;
  for (int i = 0; i < 100; ++i) dump.rows.push_back("c" + std::to_string(i) + "," + std::to_string(i));
  dump.rows[50] = "c50,many";  // no number: never remembered
  dump.rows[51] = "?";         // nor is this
  return dump;
}

// Without its content where it is the same.
void CheckSame(const Published& row, const Published& plain) {
  CHECK(row == Published{record::Operation::kSame, plain.key, plain.fingerprint, ""});
  CHECK(plain.operation == record::Operation::kUpsert);
}

TEST_CASE("a row that is recalled and held is never parsed") {
  Dump dump = ManyRows();
  dump.rows_with_beginning = GENERATE(false, true);
  const size_t at_beginning = dump.rows_with_beginning ? 7 : 0;  // rows that come before anything can be recalled
  World world(true), forgetful(false);
  Told told, told_nothing;
  CHECK(world.Run(dump, told) == forgetful.Run(dump, told_nothing));
  CHECK(told.handed_over_unparsed == 0);  // nothing could be recalled

  dump.rows[20] = "c20,2000";
  dump.rows[70] = "c70,7000";
  world.exchange.holds_everything = true;
  const ByRow second = world.Run(dump, told), plain = forgetful.Run(dump, told_nothing);
  CHECK(told.handed_over_unparsed == 100 - at_beginning);
  CHECK(told.parsed == std::vector<std::string>{"c20,2000", "c50,many", "?", "c70,7000"});
  REQUIRE(second.size() == 100);
  for (const auto& [row, published] : second) {
    INFO("row " << row);
    const bool parsed = row <= at_beginning || row == 21 || row == 51 || row == 52 || row == 71;
    if (parsed) {
      CHECK(published == plain.at(row));
    } else {
      CheckSame(published, plain.at(row));
    }
  }
  CHECK(world.progress.unreadable == 1);
  CHECK(told_nothing.handed_over_unparsed == 0);
}

TEST_CASE("a row that is recalled and not held is parsed, and remembered again") {
  World world(true), forgetful(false);
  Told told, told_nothing;
  world.Run(ManyRows(), told);
  CHECK(world.Run(ManyRows(), told) == forgetful.Run(ManyRows(), told_nothing));  // it holds nothing
  CHECK(told.handed_over_unparsed == 100);
  CHECK(told.parsed.size() == 100);
  CHECK(world.progress.unreadable == 1);

  told = {};
  world.exchange.holds_everything = true;
  world.Run(ManyRows(), told);
  CHECK(told.parsed == std::vector<std::string>{"c50,many", "?"});
}

TEST_CASE("rows whose reading is another one, or does not follow from their bytes, are not recalled by these") {
  World world(true);
  world.exchange.holds_everything = true;
  Told told;
  Dump dump = ManyRows();
  const ByRow first = world.Run(dump, told);
  for (const std::string reading : {"backwards", ""}) {
    dump.reading = reading;
    CHECK(world.Run(dump, told) == first);
  }
  CHECK(told.handed_over_unparsed == 0);
  CheckSame(world.Run(dump, told).at(1), first.at(1));  // by all there is of it
  CHECK(told.handed_over_unparsed == 0);
}

TEST_CASE("a file that is described otherwise is read anew, though its bytes are the same") {
  World world(true), forgetful(false);
  world.exchange.holds_everything = true;
  file::FileSourceOptions source;
  source.paths = {world.folder.path() + "/dump.csv"};
  source.full = true;
  source.header = false;
  source.columns = {"code", "名称"};
  file::WriteFile(source.paths[0], "a,张张;2\nb,张张;2\n");
  const auto run = [&source](World& in) { return in.Run(file::NewFileSource(source, base::PosixFileSystem())); };
  const ByRow first = run(world);
  CHECK(first == run(forgetful));
  CheckSame(run(world).at(1), first.at(1));
  source.encoding = "gb18030";
  const ByRow decoded = run(world);
  CHECK(decoded == run(forgetful));
  CHECK(decoded.at(1).fingerprint != first.at(1).fingerprint);
  CheckSame(run(world).at(1), decoded.at(1));
  source.delimiter = ';';
  const ByRow split = run(world);
  CHECK(split == run(forgetful));
  CHECK(split.at(1).key != first.at(1).key);
  CheckSame(run(world).at(1), split.at(1));
}

}  // namespace
}  // namespace datong::runner
