// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
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

// Writes and syncs a new file; `path` does not exist. `stored_form`: what stands in the file for a section's content.
using StoredForm = std::function<std::string(const CheckpointSection&)>;
absl::Status WriteCheckpointFile(base::FileSystem& files, const std::string& path, const CheckpointIdentity& identity,
                                 const std::vector<CheckpointSection>& sections, const StoredForm& stored_form);

// Reads a file and verifies all of it. `take`: is given each section, in its stored form, before the whole is known to
// be sound; its error ends the reading. Null: the file is only verified, and no section is held.
using TakeSection = std::function<absl::Status(CheckpointSection)>;
// DataLoss: damaged; InvalidArgument: no checkpoint, or another lane's or generation's; Unimplemented: unknown format
// version; others: the file cannot be read. Messages name the file.
absl::Status ReadCheckpointFile(base::FileSystem& files, const std::string& path, const CheckpointIdentity& identity,
                                const TakeSection& take);

}  // namespace datong::index
