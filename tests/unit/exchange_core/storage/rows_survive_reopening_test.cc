// SPDX-License-Identifier: Apache-2.0
// Rows written through our file layer are there when the directory is opened again, also from the unfinished states in
// which a first start can end; a full disk and a second holder are told as what they are.
#include <vector>

#include "tests/support/quota_file_system.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/exchange_core/storage/row_store_fixture.h"

namespace datong::storage {
namespace {

using Catch::Matchers::Contains;
using tests::QuotaFileSystem;
using tests::TemporaryDirectory;

constexpr size_t kRowBytes = 1000;

void PutAll(rocksdb::DB& rows, uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; ++i)
    REQUIRE((i + 1 < to ? Put(rows, i, kRowBytes) : PutSynced(rows, i, kRowBytes)).ok());
}

void CheckHolds(rocksdb::DB& rows, uint64_t count) {
  uint64_t held = 0;
  for (uint64_t i = 0; i < count; ++i) held += Holds(rows, i, kRowBytes) ? 1 : 0;
  CHECK(held == count);
}

TEST_CASE("rows are there again, from the log and from flushed and compacted files") {
  const TemporaryDirectory folder;
  const RowStoreOptions options{
      .directory = folder.Path("rows"), .create_if_missing = true, .memtable_bytes = size_t{64} << 10};
  for (uint64_t run = 0; run < 5; ++run) {
    const RowStore rows = Opened(options);
    CheckHolds(*rows, run * 300);
    PutAll(*rows, run * 300, (run + 1) * 300);
    if (run == 3) REQUIRE(rows->CompactRange({}, nullptr, nullptr).ok());
  }
  CheckHolds(*Opened(options), 1500);
}

TEST_CASE("a directory has one holder, and one that was never made is told as missing") {
  const TemporaryDirectory folder;
  RowStoreOptions options{.directory = folder.Path("rows")};
  CHECK(absl::IsDataLoss(OpenRowStore(options).status()));
  options.create_if_missing = true;
  const RowStore rows = Opened(options);
  const absl::Status refused = OpenRowStore(options).status();
  CHECK(absl::IsFailedPrecondition(refused));
  CHECK_THAT(std::string(refused.message()), Contains(options.directory + "/LOCK"));
}

TEST_CASE("whatever a first start left behind, the next one goes on from it") {
  const TemporaryDirectory folder;
  const RowStoreOptions options{.directory = folder.Path("rows"), .create_if_missing = true};
  Opened(options).reset();
  const auto whole = FilesIn(options.directory);
  const auto without = [&](std::vector<std::string> parts) {
    auto files = whole;
    for (const std::string& part : parts) files.erase(NameWith(whole, part));
    return files;
  };
  std::vector<std::map<std::string, std::string>> states = {
      {}, without({}), without({"IDENTITY"}), without({".log"}), without({"CURRENT", ".log"}), without({"OPTIONS"})};
  states.push_back(without({"CURRENT", ".log"}));
  states.back()["000001.dbtmp"] = "MANIFEST-0000";
  states.push_back(without({"CURRENT", ".log"}));
  states.back()["IDENTITY"] = "";
  states.push_back(without({"CURRENT", ".log"}));
  states.back()[NameWith(whole, "MANIFEST")] = "";
  states.push_back(whole);
  states.back()[NameWith(whole, "OPTIONS")] = "";
  states.push_back(whole);
  states.back()["IDENTITY"] = "";
  states.push_back(whole);
  states.back()["000077.log"] = "";
  states.push_back(whole);
  states.back()["000078.sst"] = "";
  for (const auto& state : states) {
    Restore(options.directory, state);
    INFO(state.size() << " files, the last " << (state.empty() ? "-" : state.rbegin()->first));
    PutAll(*Opened(options), 0, 3);
    CheckHolds(*Opened(options), 3);
  }
}

TEST_CASE("a full disk is told, and loses no row that was written") {
  for (const uint64_t left : {0u, 1u, 700u, 5'000u, 70'000u, 200'000u}) {
    const TemporaryDirectory folder;
    QuotaFileSystem disk(base::PosixFileSystem());
    const RowStoreOptions options{.directory = folder.Path("rows"),
                                  .files = &disk,
                                  .create_if_missing = true,
                                  .memtable_bytes = size_t{64} << 10};
    INFO(left << " bytes left");
    uint64_t written = 0;
    {
      const RowStore rows = Opened(options);
      disk.SetBytesLeft(left);
      absl::Status status;
      while ((status = Put(*rows, written, kRowBytes)).ok()) ++written;
      CHECK(absl::IsResourceExhausted(status));
      CHECK_THAT(std::string(status.message()), Contains("No space left") && Contains(options.directory));
      CheckHolds(*rows, written);
    }
    const absl::Status full = OpenRowStore(options).status();
    if (left == 0) CHECK(absl::IsResourceExhausted(full));
    disk.SetUnlimited();
    const RowStore rows = Opened(options);
    CheckHolds(*rows, written);
    PutAll(*rows, written, written + 3);
    CheckHolds(*rows, written + 3);
  }
}

TEST_CASE("a sync that fails is told") {
  const TemporaryDirectory folder;
  QuotaFileSystem disk(base::PosixFileSystem());
  const RowStoreOptions options{.directory = folder.Path("rows"), .files = &disk, .create_if_missing = true};
  const RowStore rows = Opened(options);
  PutAll(*rows, 0, 1);
  disk.FailSyncs(true);
  const absl::Status status = PutSynced(*rows, 1, kRowBytes);
  CHECK(absl::IsUnavailable(status));
  CHECK_THAT(std::string(status.message()), Contains(".log: cannot sync"));
  CheckHolds(*rows, 1);
}

}  // namespace
}  // namespace datong::storage
