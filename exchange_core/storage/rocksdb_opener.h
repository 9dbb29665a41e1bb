// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/storage/background_jobs.h"

namespace rocksdb {
class DB;
class Env;
class Status;
}  // namespace rocksdb

namespace datong::storage {

// A database of small rows: memory and open files bounded, nothing compressed, the log of its writes always on. What is
// pointed to outlives the row store.
struct RowStoreOptions {
  std::string directory;
  base::FileSystem* files = &base::PosixFileSystem();
  base::Clock* clock = &base::SystemClock();  // for the lines of its LOG
  BackgroundJobs* background = nullptr;       // nullptr: RocksDB's own threads flush and compact
  bool create_if_missing = false;
  size_t memtable_bytes = size_t{16} << 20;
  size_t block_cache_bytes = size_t{16} << 20;
  int open_files_max = 256;
};

// Ends the database, and holds what it stands on until then.
struct RowStoreCloser {
  std::shared_ptr<rocksdb::Env> environment;
  void operator()(rocksdb::DB* database) const;
};
using RowStore = std::unique_ptr<rocksdb::DB, RowStoreCloser>;

// DataLoss: a stored file is damaged or missing, and the message says which. A log whose last write was left unfinished
// by a crash or a power cut is no damage, that write never was durable: it is cut off (torn_tail.h). Which is true if
// every write waits for its sync. ResourceExhausted: no space to open. FailedPrecondition: another holder has it.
// The name of a directory made here is the caller's to make safe in its parent, before the first row counts.
absl::StatusOr<RowStore> OpenRowStore(const RowStoreOptions& options);

// OK for OK; DataLoss for damage and for a file that is missing. `what` says what was being done, and where.
absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what);

}  // namespace datong::storage
