// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include "broker_adapters/embedded/embedded_engine.h"
#include "exchange_core/base/status_macros.h"

namespace datong::embedded {
namespace {

// Below one tenth a disk wants attention; below three hundredths, or less than a few segments, it wants it today.
constexpr uint64_t kFreePermilleLow = 100;
constexpr uint64_t kFreePermilleUrgent = 30;
constexpr uint64_t kSegmentsUrgent = 4;

std::string Mebibytes(uint64_t bytes) { return absl::StrCat(bytes >> 20, " MiB"); }

}  // namespace

// One process, one disk: nothing ages away here and there are no copies, so room is all that can run out.
absl::StatusOr<std::vector<broker::HealthWarning>> EmbeddedEngine::Health(const std::vector<broker::PlaceOfReader>&) {
  std::vector<broker::HealthWarning> warnings;
  if (const absl::Status broken = Broken(); !broken.ok()) {
    warnings.push_back({.code = "engine_stopped",
                        .urgent = true,
                        .where = options_.directory,
                        .what = std::string(broken.message()),
                        .next = "remove the cause and start the process again"});
  }
  ASSIGN_OR_RETURN(const base::DiskSpace space, options_.files->Space(options_.directory));
  const uint64_t permille = space.total_bytes == 0 ? 0 : space.free_bytes / (space.total_bytes / 1000 + 1);
  const bool urgent = permille < kFreePermilleUrgent || space.free_bytes < kSegmentsUrgent * options_.segment_bytes_max;
  if (urgent || permille < kFreePermilleLow) {
    warnings.push_back({.code = "disk_space",
                        .urgent = urgent,
                        .where = options_.directory,
                        .what = absl::StrCat(Mebibytes(space.free_bytes), " of ", Mebibytes(space.total_bytes),
                                             " are free; a full disk makes sources wait, nothing is lost"),
                        .next = "make room, or let late subscribers catch up: what they have not read is kept"});
  }
  return warnings;
}

}  // namespace datong::embedded
