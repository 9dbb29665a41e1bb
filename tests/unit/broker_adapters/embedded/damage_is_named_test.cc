// SPDX-License-Identifier: Apache-2.0
// A flipped byte in any stored file gives an error that names it, or does no harm; never wrong or missing messages.
#include <filesystem>

#include "exchange_core/base/frame.h"
#include "tests/support/copy_directory.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/broker_adapters/embedded/embedded_fixture.h"

namespace datong::embedded {
namespace {

using Catch::Matchers::Contains;
using tests::TemporaryDirectory;

constexpr uint64_t kCommits = 8;
constexpr size_t kBodyBytes = 6'000;

void Fill(const std::string& directory, const std::string& killed_copy) {
  auto broker = Opened({.directory = directory, .segment_bytes_max = 20'000});
  MakeTopics(*broker);
  auto writer = broker->OpenWriter("lane").value();
  for (uint64_t i = 1; i <= kCommits; ++i) REQUIRE(CommitLike(*writer, i, kBodyBytes).ok());
  if (!killed_copy.empty()) tests::CopyDirectory(directory, killed_copy);
}

std::string Content(const std::string& path) {
  return base::ReadWholeFile(base::PosixFileSystem(), path, 1 << 30).value();
}

void Store(const std::string& path, const std::string& content) {
  std::filesystem::remove(path);
  REQUIRE(base::PosixFileSystem().OpenAppend(path).value()->Append(content).ok());
}

// OK when everything is there and right; the error otherwise. Wrong or missing content fails the test.
absl::Status OpenAndReadAll(const std::string& directory) {
  const auto opened = OpenEmbeddedBroker({.directory = directory});
  if (!opened.ok()) return opened.status();
  for (const char* topic : {"records", "ledger"}) {
    const auto all = Everything(**opened, topic);
    if (!all.ok()) return all.status();
  }
  CheckHolds(**opened, kCommits, kBodyBytes);
  return absl::OkStatus();
}

TEST_CASE("after an orderly end, a flipped byte anywhere is found or harmless") {
  const TemporaryDirectory folder;
  const std::string original = folder.path() + "/original";
  Fill(original, "");
  const std::string copy = folder.path() + "/copy";
  int found = 0;
  for (const std::string& path : FilesBelow(original)) {
    const std::string name = std::filesystem::relative(path, original).string();
    const std::string content = Content(path);
    // Small files closely; elsewhere a sample, since what stands behind one checksum is all the same.
    const size_t step = content.size() < 200 ? 5 : content.size() / 37 + 1;
    for (size_t at = 0; at < content.size(); at += step) {
      std::filesystem::remove_all(copy);
      tests::CopyDirectory(original, copy);
      std::string flipped = content;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
      Store(copy + "/" + name, flipped);
      INFO(name << " flipped at " << at);
      const absl::Status status = OpenAndReadAll(copy);
      if (status.ok()) continue;
      ++found;
      INFO(status.ToString());
      CHECK((absl::IsDataLoss(status) || absl::IsUnimplemented(status)));
      CHECK_THAT(std::string(status.message()), Contains(copy));
      if (name.starts_with("segments/") || name == "ENGINE" || name == "CLOSED") {
        CHECK_THAT(std::string(status.message()), Contains(name));
      }
      if (name.starts_with("segments/")) CHECK_THAT(std::string(status.message()), Contains("offset"));
    }
  }
  CHECK(found > 100);
}

TEST_CASE("in a block, every flipped byte is found, also after a kill") {
  const TemporaryDirectory folder;
  const std::string killed = folder.path() + "/killed";
  Fill(folder.path() + "/original", killed);
  const std::string path = killed + "/segments/records-0000000001.seg";
  const std::string content = Content(path);
  for (size_t at = 0; at < content.size(); at += at < 100 ? 1 : 1'511) {
    std::string flipped = content;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    Store(path, flipped);
    INFO("flipped at " << at);
    const absl::Status status = OpenAndReadAll(killed);
    INFO(status.ToString());
    CHECK((absl::IsDataLoss(status) || absl::IsUnimplemented(status)));
  }
  Store(path, content);
  CHECK(OpenAndReadAll(killed).ok());
}

TEST_CASE("a missing or short segment is named, and nothing is cut from a directory that lost something") {
  const TemporaryDirectory folder;
  const std::string directory = folder.path() + "/exchange";
  Fill(directory, "");
  const std::string path = directory + "/segments/records-0000000001.seg";
  const std::string content = Content(path);
  std::filesystem::remove(path);
  const auto missing = OpenAndReadAll(directory);
  CHECK(absl::IsDataLoss(missing));
  CHECK_THAT(std::string(missing.message()), Contains(path) && Contains("missing"));
  Store(path, content.substr(0, content.size() - 1));
  const auto cut = OpenAndReadAll(directory);
  CHECK(absl::IsDataLoss(cut));
  CHECK_THAT(std::string(cut.message()), Contains(path) && Contains(std::to_string(content.size() - 1)));
  Store(path, content);
  CHECK(OpenAndReadAll(directory).ok());
}

TEST_CASE("rows that go back in time are refused, because the segments remember later commits") {
  const TemporaryDirectory folder;
  const std::string directory = folder.path() + "/exchange";
  const std::string older = folder.path() + "/older";
  const std::string killed = folder.path() + "/killed";
  {
    auto broker = Opened({.directory = directory});
    MakeTopics(*broker);
    auto writer = broker->OpenWriter("lane").value();
    for (uint64_t i = 1; i <= 4; ++i) REQUIRE(CommitLike(*writer, i, kBodyBytes).ok());
    tests::CopyDirectory(directory, older);
    for (uint64_t i = 5; i <= kCommits; ++i) REQUIRE(CommitLike(*writer, i, kBodyBytes).ok());
    tests::CopyDirectory(directory, killed);
  }
  std::filesystem::remove_all(killed + "/rows");
  std::filesystem::copy(older + "/rows", killed + "/rows", std::filesystem::copy_options::recursive);
  const auto status = OpenAndReadAll(killed);
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Contains("commit 6") && Contains("commit 4"));
  std::filesystem::remove_all(killed + "/rows");
  CHECK(absl::IsDataLoss(OpenAndReadAll(killed)));
}

TEST_CASE("another format version is refused by name, and so is a directory whose first file is gone") {
  const TemporaryDirectory folder;
  const std::string directory = folder.path() + "/exchange";
  Fill(directory, "");
  const std::string engine = directory + "/ENGINE";
  const std::string content = Content(engine);
  Store(engine, base::Frame("DTEE", 2, ""));
  const auto version = OpenAndReadAll(directory);
  CHECK(absl::IsUnimplemented(version));
  CHECK_THAT(std::string(version.message()), Contains("version 2") && Contains(engine));
  std::filesystem::remove(engine);
  CHECK(absl::IsDataLoss(OpenAndReadAll(directory)));
  Store(engine, content);
  CHECK(OpenAndReadAll(directory).ok());
}

}  // namespace
}  // namespace datong::embedded
