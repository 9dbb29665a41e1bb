// SPDX-License-Identifier: Apache-2.0
// Whatever named step a process dies at: what was committed is there, what was under way is there whole or not at all.
#include <map>

#include "tests/support/copy_directory.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/broker_adapters/embedded/embedded_fixture.h"

namespace datong::embedded {
namespace {

using tests::TemporaryDirectory;

TEST_CASE("a copy made at every step of every commit opens with exactly the commits before it") {
  const TemporaryDirectory folder;
  struct Struck {
    std::string directory;
    uint64_t commits;
  };
  std::vector<Struck> struck;
  std::map<std::string, int> steps_seen;
  uint64_t committed = 0;
  bool armed = false;
  StepsTo steps([&](std::string_view step) {
    if (!armed) return;
    ++steps_seen[std::string(step)];
    const uint64_t expected = committed + (step == "commit.index_written" ? 1 : 0);
    struck.push_back({folder.path() + "/copy-" + std::to_string(struck.size()), expected});
    tests::CopyDirectory(folder.path() + "/exchange", struck.back().directory);
  });
  {
    auto broker = Opened({.directory = folder.path() + "/exchange", .steps = &steps, .segment_bytes_max = 50'000});
    MakeTopics(*broker);
    auto writer = broker->OpenWriter("lane").value();
    armed = true;
    for (uint64_t i = 1; i <= 6; ++i) {
      REQUIRE(CommitLike(*writer, i).ok());
      committed = i;
    }
    armed = false;
  }
  for (const char* step :
       {"commit.begin", "commit.segment_appended", "commit.segment_synced", "commit.index_written"}) {
    CHECK(steps_seen[step] == 6);
  }
  for (const Struck& place : struck) {
    INFO(place.directory << " struck with " << place.commits << " commits");
    for (int round = 0; round < 2; ++round) {  // the second start finds what the first made of it
      auto broker = Opened({.directory = place.directory});
      CheckHolds(*broker, place.commits + static_cast<uint64_t>(round));
      auto writer = broker->OpenWriter("lane").value();
      REQUIRE(CommitLike(*writer, place.commits + static_cast<uint64_t>(round) + 1).ok());
      CheckHolds(*broker, place.commits + static_cast<uint64_t>(round) + 1);
    }
  }
}

TEST_CASE("a copy made at every step of retention opens, and no file of dropped messages stays for ever") {
  const TemporaryDirectory folder;
  std::vector<std::string> copies;
  std::map<std::string, int> steps_seen;
  StepsTo steps([&](std::string_view step) {
    if (!step.starts_with("retention.")) return;
    ++steps_seen[std::string(step)];
    copies.push_back(folder.path() + "/copy-" + std::to_string(copies.size()));
    tests::CopyDirectory(folder.path() + "/exchange", copies.back());
  });
  broker::Position keep = 0;
  {
    auto broker = Opened({.directory = folder.path() + "/exchange", .steps = &steps, .segment_bytes_max = 50'000});
    MakeTopics(*broker);
    auto writer = broker->OpenWriter("lane").value();
    for (uint64_t i = 1; i <= 20; ++i) REQUIRE(CommitLike(*writer, i).ok());
    keep = Everything(*broker, "records").value().at(15).position;
    REQUIRE(broker->DropBefore({"records", 0}, keep).ok());
  }
  CHECK(steps_seen["retention.rows_dropped"] == 1);
  CHECK(steps_seen["retention.segment_removed"] == 5);
  for (const std::string& copy : copies) {
    INFO(copy);
    auto broker = Opened({.directory = copy});
    const auto records = Everything(*broker, "records", keep).value();
    REQUIRE(records.size() == 5);
    for (size_t i = 0; i < 5; ++i) CHECK(records[i].body.bytes() == LargeBody(16 + i));
    CHECK(Everything(*broker, "ledger").value().size() == 20);
    CHECK(SegmentBytes(copy) < 8 * 20'100);
  }
}

TEST_CASE("torn bytes behind the committed end and files nobody knows are cut off") {
  const TemporaryDirectory folder;
  const std::string directory = folder.path() + "/exchange";
  {
    auto broker = Opened({.directory = directory});
    MakeTopics(*broker);
    auto writer = broker->OpenWriter("lane").value();
    for (uint64_t i = 1; i <= 3; ++i) REQUIRE(CommitLike(*writer, i).ok());
  }
  const uint64_t size = SegmentBytes(directory);
  auto& files = base::PosixFileSystem();
  const std::string segment = directory + "/segments/records-0000000001.seg";
  REQUIRE(files.OpenAppend(segment).value()->Append("DTSB torn in the middle of a block").ok());
  REQUIRE(files.OpenAppend(directory + "/segments/records-0000000002.seg").value()->Append("DTSG").ok());
  auto broker = Opened({.directory = directory});
  CHECK(SegmentBytes(directory) == size);
  CheckHolds(*broker, 3);
  auto writer = broker->OpenWriter("lane").value();
  REQUIRE(CommitLike(*writer, 4).ok());
  CheckHolds(*broker, 4);
}

}  // namespace
}  // namespace datong::embedded
