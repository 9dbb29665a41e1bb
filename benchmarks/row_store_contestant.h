// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "benchmarks/snapshot_dump.h"

namespace datong::benchmarks {

// What somebody gets who compares a dump the plain way: a row store, a Get and a Put for every row.
struct RowStoreResult {
  uint64_t rows = 0;                              // compared one by one
  double row_seconds = 0, row_cpu_seconds = 0;    // for these; CPU of the comparing thread alone
  double scan_seconds = 0, scan_cpu_seconds = 0;  // over all keys, for what the dump lacked; deletes included
  // A whole nightly dump, at the measured pace.
  double CpuSecondsFor(uint64_t nightly_rows) const {
    return row_cpu_seconds * static_cast<double>(nightly_rows) / static_cast<double>(rows) + scan_cpu_seconds;
  }
};

// RocksDB below `directory`, with every key of the first dump in it, compacted and in the cache (not timed). Then every
// `stride`th row of the nightly dump: Get of the key, Put of its content and of the mark "seen tonight", a write batch
// per `batch_rows` rows, written to the log but not synced. Last a scan deletes what has an older mark; the rows that
// were not compared had tonight's mark from the beginning. An error when it does not find what it must.
absl::StatusOr<RowStoreResult> CompareByRowStore(const std::string& directory, const DumpPair& dumps, uint64_t stride,
                                                 size_t batch_rows);

}  // namespace datong::benchmarks
