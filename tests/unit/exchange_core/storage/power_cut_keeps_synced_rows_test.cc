// SPDX-License-Identifier: Apache-2.0
// Power goes at any operation on the disk, which then keeps what it likes of what was not synced: the row store opens
// again, with every row whose write had returned.
#include <cstdlib>
#include <vector>

#include "tests/simulation/simulated_disk.h"
#include "tests/unit/exchange_core/storage/queued_jobs.h"
#include "tests/unit/exchange_core/storage/row_store_fixture.h"

namespace datong::storage {
namespace {

// Rows 0, 1, 2, ... in a store that is written, closed, cut and opened again.
class Store {
 public:
  explicit Store(uint64_t seed) : random_(seed), disk_(random_) {
    disk_.SetOnOperation([this](const auto&) {
      if (operations_left_ > 0 && --operations_left_ == 0) disk_.StopAnswering();
    });
  }

  // One life: some rows, some jobs in between, and either an orderly end or none.
  void Live() {
    operations_left_ = random_.Below(4) == 0 ? 0 : 1 + random_.Below(random_.Below(2) == 0 ? 40 : 400);
    auto rows = OpenRowStore(Options());
    if (rows.ok() && disk_.SyncDirectory("/").ok() && disk_.SyncDirectory("/exchange").ok()) Write(**rows);
    if (rows.ok()) rows->reset();
    cuts_ += disk_.answering() ? 0 : 1;
    if (!disk_.answering() || random_.Below(2) == 0) {
      disk_.CutPower();
    } else {
      disk_.KillProcess();
    }
    operations_left_ = 0;
  }

  void Check() {
    auto rows = OpenRowStore(Options());
    INFO(rows.status());
    REQUIRE(rows.ok());
    for (uint64_t i = 0; i < sizes_.size(); ++i) {
      INFO("row " << i << " of " << sizes_.size());
      REQUIRE(Holds(**rows, i, sizes_[i]));
    }
  }

  int cuts() const { return cuts_; }
  size_t rows() const { return sizes_.size(); }

 private:
  RowStoreOptions Options() {
    return {.directory = "/exchange/rows",
            .files = &disk_,
            .background = &jobs_,
            .create_if_missing = sizes_.empty(),
            .memtable_bytes = size_t{64} << 10};
  }

  void Write(rocksdb::DB& rows) {
    for (int i = 0; i < 150; ++i) {
      const size_t bytes = 1 + random_.Below(random_.Below(8) == 0 ? 60'000 : 600);
      const bool written = PutSynced(rows, sizes_.size(), bytes).ok();
      if (!written) return;
      sizes_.push_back(bytes);
      while (random_.Below(3) == 0 && jobs_.RunOne()) {
      }
    }
  }

  base::SeededRandom random_;
  simulation::SimulatedDisk disk_;
  QueuedJobs jobs_;
  std::vector<size_t> sizes_;  // of the rows whose writes returned
  uint64_t operations_left_ = 0;
  int cuts_ = 0;
};

TEST_CASE("every row whose write returned is there after any power cut") {
  const char* given = std::getenv("DATONG_SEED");
  const uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  const uint64_t seeds = given != nullptr ? 1 : 60;
  int cuts = 0;
  size_t rows = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    INFO("DATONG_SEED=" << seed);
    Store store(seed);
    for (int life = 0; life < 8; ++life) {
      store.Live();
      store.Check();
    }
    cuts += store.cuts();
    rows += store.rows();
  }
  CHECK(cuts > 0);
  CHECK(rows > 0);
}

}  // namespace
}  // namespace datong::storage
