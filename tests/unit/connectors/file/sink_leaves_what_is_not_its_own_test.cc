// SPDX-License-Identifier: Apache-2.0
// A directory belongs to one subscription of one exchange, in the form it was begun with: anything else is refused
// before a position in it is believed or a file in it touched.
#include <catch2/catch.hpp>
#include <set>

#include "connectors/file/file_sink.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

const sdk::SinkContent kOurs = {"tax-companies", "0011", {"code"}};

std::set<std::string> NamesIn(const std::string& directory) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

class World {
 public:
  World() { options.directory = folder.path() + "/out"; }
  sdk::Status Open(const sdk::SinkContent& content) {
    return NewFileSink(options, base::PosixFileSystem())->Open(content, stored);
  }
  void WriteOne() {
    const auto sink = NewFileSink(options, base::PosixFileSystem());
    REQUIRE(sink->Open(kOurs, stored).ok());
    sdk::DeliveryBatch batch;
    batch.items = kOurs.items;
    batch.values = {"1"};
    batch.records.push_back({sdk::ChangeKind::kInsert, "00000000000000000000000000000000", "a.csv", 1, 0, 1, 0});
    REQUIRE(sink->Write(batch, "7").status.ok());
  }

  tests::TemporaryDirectory folder;
  FileSinkOptions options;
  sdk::SinkState stored;
};

TEST_CASE("the sink that began a directory goes on in it") {
  World world;
  world.options.form = GENERATE(SinkForm::kChanges, SinkForm::kState);
  world.WriteOne();
  sdk::SinkContent renamed = kOurs;
  renamed.subscription = "another name of the same one";
  REQUIRE(world.Open(renamed).ok());
  CHECK(world.stored.position == "7");
}

TEST_CASE("another subscription, or the same name in another exchange, is refused and changes nothing") {
  World world;
  world.options.form = GENERATE(SinkForm::kChanges, SinkForm::kState);
  const bool used = GENERATE(true, false);
  if (used) {
    world.WriteOne();
  } else {
    REQUIRE(world.Open(kOurs).ok());
  }
  const std::set<std::string> before = NamesIn(world.options.directory);
  const sdk::Status opened = world.Open({"tax-companies", "ffff", {"code"}});
  CHECK(opened.code() == "foreign_target");
  CHECK(!opened.retryable());
  CHECK(opened.message().find("\"tax-companies\"") != std::string::npos);
  CHECK(NamesIn(world.options.directory) == before);
}

TEST_CASE("parts without a label are nobody's, whatever their form") {
  World world;
  world.WriteOne();
  std::filesystem::remove(world.options.directory + "/sink.json");
  world.options.form = GENERATE(SinkForm::kChanges, SinkForm::kState);
  CHECK(world.Open(kOurs).code() == "foreign_target");
}

TEST_CASE("a sink at work is not disturbed by another one on its directory") {
  World world;
  world.WriteOne();
  WriteFile(world.options.directory + "/.changes-8.tmp", "half");
  CHECK(world.Open({"other", "ffff", {"code"}}).code() == "foreign_target");
  CHECK(std::filesystem::exists(world.options.directory + "/.changes-8.tmp"));

  const auto holder = NewFileSink(world.options, base::PosixFileSystem());
  REQUIRE(holder->Open(kOurs, world.stored).ok());
  const sdk::Status second = world.Open(kOurs);
  CHECK(second.retryable());
  CHECK(second.message().find("held by another sink") != std::string::npos);
  holder->Close();
  CHECK(world.Open(kOurs).ok());
}

TEST_CASE("another form, format, encoding or byte order mark is refused, and the old one goes on") {
  World world;
  world.WriteOne();
  const FileSinkOptions before = world.options;
  SECTION("form") { world.options.form = SinkForm::kState; }
  SECTION("format") { world.options.format = Format::kJsonLines; }
  SECTION("encoding") { world.options.encoding = "gbk"; }
  SECTION("byte order mark") { world.options.byte_order_mark = true; }
  CHECK(world.Open(kOurs).code() == "layout_changed");
  world.options = before;
  REQUIRE(world.Open(kOurs).ok());
  CHECK(world.stored.position == "7");
}

TEST_CASE("a damaged label is told") {
  World world;
  world.WriteOne();
  WriteFile(world.options.directory + "/sink.json", GENERATE("", "{", "{}", "[1]"));
  const sdk::Status opened = world.Open(kOurs);
  CHECK(!opened.ok());
  CHECK(!opened.retryable());
  CHECK(opened.message().find("sink.json is damaged") != std::string::npos);
}

}  // namespace
}  // namespace datong::file
