// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "exchange_core/base/file_system.h"
#include "exchange_core/index/checkpoint.h"

// The bytes of one checkpoint file (checkpoint.h draws them). Content is written and read in pieces: besides the
// sections themselves little memory is taken.
namespace datong::index {

struct CheckpointIdentity {
  uint32_t lane = 0;
  uint64_t generation = 0;
};

// Writes and syncs a new file; `path` does not exist.
absl::Status WriteCheckpointFile(base::FileSystem& files, const std::string& path, const CheckpointIdentity& identity,
                                 const std::vector<CheckpointSection>& sections);

// Reads a file and verifies all of it. `sections` may be nullptr: then it is only verified.
// DataLoss: damaged; InvalidArgument: no checkpoint, or another lane's or generation's; Unimplemented: unknown format
// version; others: the file cannot be read. Messages name the file.
absl::Status ReadCheckpointFile(base::FileSystem& files, const std::string& path, const CheckpointIdentity& identity,
                                std::vector<CheckpointSection>* sections);

}  // namespace datong::index
