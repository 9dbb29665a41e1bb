// SPDX-License-Identifier: Apache-2.0
// With jobs of its own a row store flushes and compacts when it is told to, on the caller's thread, never waits for
// that in a write, and closes with jobs still queued.
#include <algorithm>

#include "exchange_core/storage/background_jobs.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/exchange_core/storage/queued_jobs.h"
#include "tests/unit/exchange_core/storage/row_store_fixture.h"

namespace datong::storage {
namespace {

using tests::TemporaryDirectory;

constexpr size_t kRowBytes = 1000;

size_t TablesIn(const std::string& directory) {
  const auto files = FilesIn(directory);
  return static_cast<size_t>(
      std::count_if(files.begin(), files.end(), [](const auto& file) { return file.first.ends_with(".sst"); }));
}

TEST_CASE("flushes and compactions wait for their turn, and writes do not wait for them") {
  const TemporaryDirectory folder;
  QueuedJobs jobs;
  const RowStoreOptions options{.directory = folder.Path("rows"),
                                .background = &jobs,
                                .create_if_missing = true,
                                .memtable_bytes = size_t{64} << 10};
  constexpr uint64_t kRows = 5000;
  {
    const RowStore rows = Opened(options);
    for (uint64_t i = 0; i < kRows; ++i) REQUIRE(Put(*rows, i % 1000, kRowBytes).ok());
    CHECK(TablesIn(options.directory) == 0);
    REQUIRE(jobs.size() > 0);
    size_t ran = 0;
    while (jobs.RunOne()) ++ran;
    CHECK(ran > 0);
    CHECK(TablesIn(options.directory) > 0);
    for (int round = 0; round < 8; ++round) {
      for (uint64_t i = 0; i < 300; ++i) REQUIRE(Put(*rows, i, kRowBytes).ok());
      while (jobs.RunOne()) {
      }
    }
    std::string compacted;
    REQUIRE(rows->GetProperty("rocksdb.num-files-at-level1", &compacted));
    CHECK(compacted != "0");
    for (uint64_t i = 0; i < 1000; ++i) REQUIRE(Holds(*rows, i, kRowBytes));
  }
  const RowStore rows = Opened(options);
  for (uint64_t i = 0; i < 1000; ++i) REQUIRE(Holds(*rows, i, kRowBytes));
}

TEST_CASE("closing gives up the jobs that were not begun, and loses nothing") {
  const TemporaryDirectory folder;
  QueuedJobs jobs;
  const RowStoreOptions options{.directory = folder.Path("rows"),
                                .background = &jobs,
                                .create_if_missing = true,
                                .memtable_bytes = size_t{64} << 10};
  uint64_t written = 0;
  for (int run = 0; run < 6; ++run) {
    RowStore rows = Opened(options);
    for (uint64_t i = 0; i < written; ++i) REQUIRE(Holds(*rows, i, kRowBytes));
    for (int i = 0; i < 400; ++i) REQUIRE(Put(*rows, written++, kRowBytes).ok());
    for (int i = 0; i < run; ++i) jobs.RunOne();
    if (run == 0) CHECK(jobs.size() > 0);
    CHECK(rows->Close().ok());
    CHECK(jobs.size() == 0);
    rows.reset();
    CHECK(jobs.size() == 0);
  }
}

}  // namespace
}  // namespace datong::storage
