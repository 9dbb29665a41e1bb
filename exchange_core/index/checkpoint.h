// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/file_system.h"
#include "exchange_core/base/step_observer.h"

namespace datong::index {

// A lane's durable short cut: everything it knows after a ledger entry, so that a start replays little. Files
// `lane-<lane>-<generation>.checkpoint` in one folder; the two newest verified generations are kept, with the earlier
// ones that they stand on: what has not changed is not written again (checkpoint_pieces.h). Once the files are twice as
// large as what they say, all of it is.
// Layout: frame "DTCK" 3; u32 lane, u64 generation (a file under another's name is refused); per section varint name
// length, name, u64 length, u64 XXH3 of its stored form, its stored form; at the end a u32 section count and the
// XXH3-128 of everything before.
struct CheckpointSection {
  std::string name;
  std::string content;
};

// Writes the next generation (tmp, sync, rename, sync folder), reads it back and verifies it; what it stands on was
// verified before. Then, once two generations verify, removes the others: a damaged one never pushes out the good one
// behind it.
// Steps: "checkpoint.written", "checkpoint.renamed", "checkpoint.pruned". Returns the generation.
absl::StatusOr<uint64_t> WriteCheckpoint(base::FileSystem& files, base::StepObserver& steps,
                                         const std::string& directory, uint32_t lane,
                                         const std::vector<CheckpointSection>& sections);

// The newest generation that verifies; one that is damaged, or stands on one that is (or of an unknown format), is
// skipped and described in `warnings`. Generation 0 when there is none. Errors: the folder or a file cannot be read at
// all, which says nothing about its content.
struct LoadedCheckpoint {
  uint64_t generation = 0;  // 0 = none
  std::vector<CheckpointSection> sections;
  std::vector<std::string> warnings;
};
absl::StatusOr<LoadedCheckpoint> LoadNewestCheckpoint(base::FileSystem& files, const std::string& directory,
                                                      uint32_t lane);

}  // namespace datong::index
