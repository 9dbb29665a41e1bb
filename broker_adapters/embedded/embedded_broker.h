// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/storage/background_jobs.h"

namespace datong::embedded {

// What holds when Commit() has returned OK.
enum class Durability {
  kSync,  // survives a power cut: every file touched was synced
  kOs,    // survives the death of the process, not of the machine
};

// `files`, `clock`, `steps` and `background` outlive the broker.
struct EmbeddedOptions {
  std::string directory;
  base::FileSystem* files = &base::PosixFileSystem();
  base::Clock* clock = &base::SystemClock();
  base::StepObserver* steps = &base::NoObserver();
  Durability durability = Durability::kSync;
  uint64_t segment_bytes_max = uint64_t{256} << 20;  // a segment that holds more is closed and the next begun
  size_t inline_bytes_max = size_t{4} << 10;         // up to this a body stands in a row, a larger one in a segment
  uint32_t position_gap_max = 0;                     // tests: up to this many positions are left out before a message
  size_t body_cache_bytes = size_t{64} << 20;        // recent bodies kept in memory for readers
  size_t memtable_bytes = size_t{16} << 20;          // rows kept in memory before they are flushed to a file
  storage::BackgroundJobs* background = nullptr;     // who flushes and compacts rows; nullptr: threads of their own
};

// Opens the directory, creating it when missing, and holds it until the broker is destroyed.
// FailedPrecondition: another holder has it (named where known). DataLoss: a file is missing or damaged (named).
// Unimplemented: written by another format version. ResourceExhausted, PermissionDenied: as the system says.
//
// Steps told to the observer: commit.begin, commit.segment_appended, commit.segment_synced, commit.index_written,
// retention.rows_dropped, retention.segment_removed.
absl::StatusOr<std::unique_ptr<broker::Broker>> OpenEmbeddedBroker(const EmbeddedOptions& options);

}  // namespace datong::embedded
