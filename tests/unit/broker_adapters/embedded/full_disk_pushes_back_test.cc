// SPDX-License-Identifier: Apache-2.0
// A full disk fails the commit it meets and nothing else; a failed sync stops all writing, because nobody knows what it
// left.
#include "tests/support/quota_file_system.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/broker_adapters/embedded/embedded_fixture.h"

namespace datong::embedded {
namespace {

using Catch::Matchers::Contains;
using tests::TemporaryDirectory;

TEST_CASE("commits fail while the disk is full and go on when it is not, with whatever was left free") {
  for (const uint64_t left : {0u, 1u, 40u, 5'000u, 20'031u, 20'033u, 39'000u}) {
    const TemporaryDirectory folder;
    tests::QuotaFileSystem disk(base::PosixFileSystem());
    const EmbeddedOptions options{
        .directory = folder.path() + "/exchange", .files = &disk, .segment_bytes_max = 50'000};
    INFO(left << " bytes left");
    {
      auto broker = Opened(options);
      MakeTopics(*broker);
      auto writer = broker->OpenWriter("lane").value();
      for (uint64_t i = 1; i <= 3; ++i) REQUIRE(CommitLike(*writer, i).ok());  // the next one begins a segment
      disk.SetBytesLeft(left);
      const auto full = writer->Begin().value();
      full->Append({"records", 0}, "", "", broker::Body(LargeBody(98)));
      full->Append({"records", 0}, "", "", broker::Body(LargeBody(99)));
      full->AdvancePosition("lane", {"records", 0}, 99);
      const absl::Status status = full->Commit();
      CHECK(absl::IsResourceExhausted(status));
      CHECK_THAT(std::string(status.message()), Contains("records-") && Contains("No space left"));
      CheckHolds(*broker, 3);
      disk.SetUnlimited();
      REQUIRE(CommitLike(*writer, 4).ok());
      REQUIRE(CommitLike(*writer, 5).ok());
      CheckHolds(*broker, 5);
    }
    auto broker = Opened(options);
    CheckHolds(*broker, 5);
  }
}

TEST_CASE("a failed sync ends all writing until the directory is opened again, and loses nothing committed") {
  const TemporaryDirectory folder;
  tests::QuotaFileSystem disk(base::PosixFileSystem());
  const EmbeddedOptions options{.directory = folder.path() + "/exchange", .files = &disk};
  {
    auto broker = Opened(options);
    MakeTopics(*broker);
    auto writer = broker->OpenWriter("lane").value();
    REQUIRE(CommitLike(*writer, 1).ok());
    disk.FailSyncs(true);
    const auto failed = CommitLike(*writer, 2);
    CHECK(absl::IsUnavailable(failed));
    CHECK_THAT(std::string(failed.message()), Contains("reopen"));
    disk.FailSyncs(false);
    CHECK(absl::IsUnavailable(CommitLike(*writer, 2)));
    CHECK(absl::IsUnavailable(broker->OpenWriter("other").status()));
    CHECK(absl::IsUnavailable(broker->CreateTopic("other", {})));
    CHECK(absl::IsUnavailable(broker->DropBefore({"records", 0}, 2)));
    CheckHolds(*broker, 1);  // reading goes on
  }
  auto broker = Opened(options);
  CheckHolds(*broker, 1);
  auto writer = broker->OpenWriter("lane").value();
  REQUIRE(CommitLike(*writer, 2).ok());
  CheckHolds(*broker, 2);
}

TEST_CASE("a disk that fills up is told of before it is full") {
  const tests::TemporaryDirectory folder;
  tests::QuotaFileSystem disk(base::PosixFileSystem());
  const auto broker = Opened({.directory = folder.path() + "/exchange", .files = &disk, .segment_bytes_max = 50'000});
  const uint64_t total = disk.Space(folder.path()).value().total_bytes;
  disk.SetBytesLeft(total / 2);
  CHECK(broker->Health({}).value().empty());
  disk.SetBytesLeft(total / 20);
  auto warnings = broker->Health({}).value();
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].code == "disk_space");
  CHECK_FALSE(warnings[0].urgent);
  CHECK(warnings[0].where == folder.path() + "/exchange");
  for (const uint64_t left : {total / 50, uint64_t{100'000}}) {
    disk.SetBytesLeft(left);
    warnings = broker->Health({}).value();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].urgent);
  }
}

}  // namespace
}  // namespace datong::embedded
