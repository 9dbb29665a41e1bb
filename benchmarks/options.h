// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/figure.h"

namespace datong::benchmarks {

struct BenchmarkOptions {
  bool quick = false;
  uint64_t records = 1'000'000;  // pipeline, end to end and codec
  uint64_t records_asked = 0;    // what --records says, for benchmarks with sizes of their own; 0 = nothing
  std::string kafka;             // bootstrap servers of a cluster to measure; empty = none
  std::string directory;         // on the disk to be measured; exists
  int repetitions() const { return 3; }
};

// Each appends its figures. An error means that what was measured was wrong, not slow.
absl::Status MeasureIndex(const BenchmarkOptions& options, std::vector<Figure>& figures);
absl::Status MeasureCodec(const BenchmarkOptions& options, std::vector<Figure>& figures);
absl::Status MeasurePipeline(const BenchmarkOptions& options, std::vector<Figure>& figures);
absl::Status MeasureEndToEnd(const BenchmarkOptions& options, std::vector<Figure>& figures);
// Nothing when no cluster is named.
absl::Status MeasureKafka(const BenchmarkOptions& options, std::vector<Figure>& figures);
absl::Status MeasureSnapshot(const BenchmarkOptions& options, std::vector<Figure>& figures);
absl::Status MeasureSnapshotFiles(const BenchmarkOptions& options, std::vector<Figure>& figures);  // its second half

}  // namespace datong::benchmarks
