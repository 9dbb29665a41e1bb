// SPDX-License-Identifier: Apache-2.0
// What a file sink says it holds is what its files hold: complete parts, the position in their names, refusals with
// them.
#include <catch2/catch.hpp>

#include "connectors/file/file_sink.h"
#include "tests/support/quota_file_system.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

const std::vector<std::string> kItems = {"code", "名称"};
const sdk::SinkContent kContent = {"s", "id", kItems};
using Value = std::optional<std::string_view>;

class Batch {
 public:
  Batch& Add(sdk::ChangeKind change, char key, uint64_t sequence, Value code, Value name) {
    keys_.push_back(std::string(32, key));
    changes_.push_back({change, sequence});
    values_.push_back(code);
    values_.push_back(name);
    return *this;
  }
  sdk::DeliveryBatch Make() const {
    sdk::DeliveryBatch batch;
    batch.items = kItems;
    batch.values = values_;
    for (size_t i = 0; i < changes_.size(); ++i) {
      batch.records.push_back({changes_[i].first, keys_[i], "a,b.csv", 7, 2, changes_[i].second, 2 * i});
    }
    return batch;
  }

 private:
  std::vector<std::string> keys_;
  std::vector<std::pair<sdk::ChangeKind, uint64_t>> changes_;
  std::vector<Value> values_;
};

std::string Key(char c) { return std::string(32, c); }

TEST_CASE("changes: one part per write, quoted by RFC 4180, absent and empty apart") {
  tests::TemporaryDirectory folder;
  FileSinkOptions options;
  options.directory = folder.path() + "/" + ("out");
  const auto sink = NewFileSink(options, base::PosixFileSystem());
  sdk::SinkState stored;
  REQUIRE(sink->Open(kContent, stored).ok());
  CHECK(stored.position.empty());
  Batch batch;
  batch.Add(sdk::ChangeKind::kInsert, 'a', 1, "1", "x \"y\",\nz")
      .Add(sdk::ChangeKind::kUpdate, 'b', 2, "", std::nullopt);
  batch.Add(sdk::ChangeKind::kDelete, 'c', 3, "3", std::nullopt);
  CHECK(sink->Write(batch.Make(), "005").status.ok());
  CHECK(ReadBytes(options.directory + "/changes-005.csv") ==
        "_operation,_key,_lane,_sequence,_source_file,_source_row,code,名称\n"
        "insert," +
            Key('a') +
            ",2,1,\"a,b.csv\",7,1,\"x \"\"y\"\",\nz\"\n"
            "update," +
            Key('b') +
            ",2,2,\"a,b.csv\",7,\"\",\n"
            "delete," +
            Key('c') + ",2,3,\"a,b.csv\",7,3,\n");
  REQUIRE(sink->Write(batch.Make(), "009").status.ok());
  WriteFile(options.directory + "/.changes-010.tmp", "half");
  sink->Close();
  const auto again = NewFileSink(options, base::PosixFileSystem());
  REQUIRE(again->Open(kContent, stored).ok());
  CHECK(stored.position == "009");
  CHECK(!std::filesystem::exists(options.directory + "/.changes-010.tmp"));
}

TEST_CASE("JSON lines leave absent items out") {
  tests::TemporaryDirectory folder;
  FileSinkOptions options;
  options.directory = folder.path();
  options.format = Format::kJsonLines;
  const auto sink = NewFileSink(options, base::PosixFileSystem());
  sdk::SinkState stored;
  REQUIRE(sink->Open(kContent, stored).ok());
  REQUIRE(sink->Write(Batch().Add(sdk::ChangeKind::kInsert, 'a', 1, "\"\n\x01", std::nullopt).Make(), "1").status.ok());
  CHECK(ReadBytes(folder.path() + "/" + ("changes-1.jsonl")) ==
        "{\"_operation\":\"insert\",\"_key\":\"" + Key('a') +
            "\",\"_lane\":2,\"_sequence\":1,\"_source_file\":\"a,b.csv\",\"_source_row\":7,\"code\":\"\\\"\\n\\u0001\"}"
            "\n");
}

TEST_CASE("state: sorted by key, carried over restarts, one file") {
  tests::TemporaryDirectory folder;
  FileSinkOptions options;
  options.directory = folder.path();
  options.form = SinkForm::kState;
  options.format = GENERATE(Format::kCsv, Format::kJsonLines);
  options.encoding = GENERATE("utf-8", "gb18030");
  const std::string ending = options.format == Format::kCsv ? ".csv" : ".jsonl";
  sdk::SinkState stored;
  for (const char* position : {"1", "2", "3"}) {
    const auto sink = NewFileSink(options, base::PosixFileSystem());
    REQUIRE(sink->Open(kContent, stored).ok());
    Batch batch;
    if (*position == '1') {
      batch.Add(sdk::ChangeKind::kInsert, 'c', 1, "C", "丙\n丙").Add(sdk::ChangeKind::kInsert, 'a', 2, "A", "甲");
    } else if (*position == '2') {
      batch.Add(sdk::ChangeKind::kInsert, 'b', 3, "B", "𠀀").Add(sdk::ChangeKind::kUpdate, 'a', 4, "A2", "甲");
    } else {
      batch.Add(sdk::ChangeKind::kDelete, 'c', 5, "C", std::nullopt).Add(sdk::ChangeKind::kUpdate, 'a', 6, "A3", "");
    }
    REQUIRE(sink->Write(batch.Make(), position).status.ok());
    CHECK(std::filesystem::exists(folder.path() + "/" + ("state-" + std::string(position) + ending)));
  }
  CHECK(!std::filesystem::exists(folder.path() + "/" + ("state-2" + ending)));
  FileSourceOptions read;
  read.paths = {folder.path() + "/" + ("state-3" + ending)};
  read.encoding = options.encoding;
  const ReadFile all = ReadAll(read);
  REQUIRE(all.rows.size() == 2);
  const std::vector<std::string> columns = {"_key", "_source_file", "_source_row", "code", "名称"};
  CHECK(all.units[0].columns == columns);
  CHECK(all.rows[0].values == std::vector<std::optional<std::string>>{Key('a'), "a,b.csv", "7", "A3", ""});
  CHECK(all.rows[1].values == std::vector<std::optional<std::string>>{Key('b'), "a,b.csv", "7", "B", "𠀀"});
  const auto other_items = NewFileSink(options, base::PosixFileSystem());
  if (options.format == Format::kCsv)
    CHECK(other_items->Open({"s", "id", {"code"}}, stored).code() == "columns_changed");
}

TEST_CASE("a value without a form in the encoding refuses its record, and the refusal is kept with the position") {
  tests::TemporaryDirectory folder;
  FileSinkOptions options;
  options.directory = folder.path();
  options.encoding = "gbk";
  options.form = GENERATE(SinkForm::kChanges, SinkForm::kState);
  sdk::SinkState stored;
  const auto sink = NewFileSink(options, base::PosixFileSystem());
  REQUIRE(sink->Open(kContent, stored).ok());
  Batch batch;
  batch.Add(sdk::ChangeKind::kInsert, 'a', 1, "1", "镕").Add(sdk::ChangeKind::kInsert, 'b', 2, "2", "𠀀");
  const sdk::WriteResult result = sink->Write(batch.Make(), "77");
  REQUIRE(result.status.ok());
  REQUIRE(result.refused.size() == 1);
  CHECK(result.refused[0].index == 1);
  sink->Close();
  REQUIRE(NewFileSink(options, base::PosixFileSystem())->Open(kContent, stored).ok());
  REQUIRE(stored.refused.size() == 1);
  CHECK(stored.refused[0].lane == 2);
  CHECK(stored.refused[0].sequence == 2);
  CHECK(stored.refused[0].reason == result.refused[0].reason);
}

TEST_CASE("a delete is written without the values that have no form in the encoding") {
  tests::TemporaryDirectory folder;
  FileSinkOptions options;
  options.directory = folder.path();
  options.encoding = "gbk";
  options.format = GENERATE(Format::kCsv, Format::kJsonLines);
  sdk::SinkState stored;
  const auto sink = NewFileSink(options, base::PosixFileSystem());
  REQUIRE(sink->Open(kContent, stored).ok());
  Batch batch;
  batch.Add(sdk::ChangeKind::kInsert, 'a', 1, "1", "镕").Add(sdk::ChangeKind::kDelete, 'a', 2, "1", "𠀀");
  batch.Add(sdk::ChangeKind::kDelete, 'b', 3, "2", "镕");
  const sdk::WriteResult result = sink->Write(batch.Make(), "77");
  REQUIRE(result.status.ok());
  CHECK(result.refused.empty());
  FileSourceOptions read;
  const bool csv = options.format == Format::kCsv;
  read.paths = {folder.path() + "/changes-77" + (csv ? ".csv" : ".jsonl")};
  read.encoding = options.encoding;
  const ReadFile all = ReadAll(read);
  REQUIRE(all.rows.size() == 3);
  const std::optional<std::string> code = all.rows[1].values[6], name = all.rows[1].values[7];
  CHECK(code == "1");
  CHECK(name == std::nullopt);
  CHECK(all.rows[2].values[7] == "镕");
}

TEST_CASE("a full disk is a delay, not a loss: the same write succeeds once there is room") {
  tests::TemporaryDirectory folder;
  tests::QuotaFileSystem disk(base::PosixFileSystem());
  FileSinkOptions options;
  options.directory = folder.path();
  options.form = GENERATE(SinkForm::kChanges, SinkForm::kState);
  const std::string kind = options.form == SinkForm::kChanges ? "changes-" : "state-";
  const auto sink = NewFileSink(options, disk);
  sdk::SinkState stored;
  REQUIRE(sink->Open(kContent, stored).ok());
  Batch one;
  const sdk::DeliveryBatch batch = one.Add(sdk::ChangeKind::kInsert, 'a', 1, "1", "x").Make();
  disk.SetBytesLeft(20);
  CHECK(sink->Write(batch, "1").status.retryable());
  CHECK(!std::filesystem::exists(folder.path() + "/" + (kind + "1.csv")));
  disk.SetUnlimited();
  CHECK(sink->Write(batch, "1").status.ok());
  const std::string content = ReadBytes(folder.path() + "/" + (kind + "1.csv"));
  CHECK(std::count(content.begin(), content.end(), '\n') == 2);
}

}  // namespace
}  // namespace datong::file
