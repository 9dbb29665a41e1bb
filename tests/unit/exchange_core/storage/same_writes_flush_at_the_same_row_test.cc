// SPDX-License-Identifier: Apache-2.0
// When jobs run in turn, what was written decides alone when a memory table is full: the same rows fill it at the same
// row, whatever the allocator and the thread's randomness have been through before.
#include <memory>
#include <vector>

#include "tests/support/temporary_directory.h"
#include "tests/unit/exchange_core/storage/queued_jobs.h"
#include "tests/unit/exchange_core/storage/row_store_fixture.h"

namespace datong::storage {
namespace {

using tests::TemporaryDirectory;

// The rows at which a flush came due, of the same writes into a new store.
std::vector<uint64_t> RowsThatFlushed(base::RandomSource& sizes) {
  const TemporaryDirectory folder;
  QueuedJobs jobs;
  const RowStoreOptions options{.directory = folder.Path("rows"),
                                .background = &jobs,
                                .create_if_missing = true,
                                .memtable_bytes = size_t{64} << 10};
  const RowStore rows = Opened(options);
  std::vector<uint64_t> flushed;
  for (uint64_t i = 0; i < 3000; ++i) {
    REQUIRE(Put(*rows, i, 1 + sizes.Below(300)).ok());
    if (jobs.size() == 0) continue;
    flushed.push_back(i);
    while (jobs.RunOne()) {
    }
  }
  return flushed;
}

TEST_CASE("the same writes flush at the same row") {
  std::vector<std::unique_ptr<char[]>> holes;
  base::SeededRandom disorder(7);
  std::vector<uint64_t> first;
  for (int round = 0; round < 6; ++round) {
    // Leaves the allocator as no round before found it.
    for (int i = 0; i < 2000; ++i) holes.push_back(std::make_unique<char[]>(1 + disorder.Below(20'000)));
    for (size_t i = round % 2; i < holes.size(); i += 3) holes[i].reset();
    base::SeededRandom sizes(1);
    const std::vector<uint64_t> flushed = RowsThatFlushed(sizes);
    REQUIRE(flushed.size() > 3);
    if (round == 0) first = flushed;
    CHECK(flushed == first);
  }
}

}  // namespace
}  // namespace datong::storage
