// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/rocksdb_opener.h"

#include <absl/strings/str_cat.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <limits>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/storage/measured_memtable.h"
#include "exchange_core/storage/row_environment.h"
#include "exchange_core/storage/row_log.h"
#include "exchange_core/storage/torn_tail.h"

#if defined(__SANITIZE_THREAD__)
// The packaged RocksDB is not instrumented: the sanitizer sees its copies of memory but not the order its atomics give
// them.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:librocksdb.so\nrace:rocksdb::\n"; }
#endif

namespace datong::storage {
namespace {

// A write that had to wait for a flush or compaction would wait for ever when its own thread is to run them. And what
// is written decides alone when one is due.
void RunJobsInTurn(rocksdb::Options& tuned) {
  tuned.memtable_factory = NewMeasuredMemtables();
  tuned.allow_concurrent_memtable_write = false;  // they are for one thread
  tuned.max_write_buffer_number = 1 << 16;
  tuned.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  tuned.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  tuned.soft_pending_compaction_bytes_limit = 0;  // 0 = no limit
  tuned.hard_pending_compaction_bytes_limit = 0;
  tuned.max_file_opening_threads = 1;
}

rocksdb::Options Tuned(const RowStoreOptions& options) {
  rocksdb::Options tuned;
  tuned.create_if_missing = options.create_if_missing;
  tuned.paranoid_checks = true;
  // A damaged byte in the log refuses to open; only a last write cut short is forgiven, and CutTornTails() has seen to
  // the cases that look like one. (The default would silently end at the damage and forget every write behind it.)
  tuned.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  tuned.recycle_log_file_num = 0;
  tuned.compression = rocksdb::kNoCompression;
  tuned.write_buffer_size = options.memtable_bytes;
  tuned.max_write_buffer_number = 3;
  tuned.max_total_wal_size = 4 * options.memtable_bytes;
  tuned.max_background_jobs = 2;
  tuned.max_open_files = options.open_files_max;
  tuned.max_manifest_file_size = size_t{8} << 20;
  tuned.info_log = NewRowLog(*options.files, *options.clock, options.directory);
  tuned.stats_dump_period_sec = 0;
  tuned.stats_persist_period_sec = 0;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.cache_index_and_filter_blocks = true;  // else many open files hold unbounded memory
  table.checksum = rocksdb::kXXH3;             // the packaged build has no hardware CRC32C
  table.format_version = 5;
  tuned.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return tuned;
}

// RocksDB takes the same lock, and again after this: another holder's log must not be cut while it is being written.
absl::Status RepairUnderLock(const RowStoreOptions& options) {
  const auto lock = options.files->Lock(absl::StrCat(options.directory, "/LOCK"));
  if (absl::IsNotFound(lock.status())) return absl::OkStatus();  // no folder yet
  if (!lock.ok()) return lock.status();
  return CutTornTails(*options.files, options.directory);
}

}  // namespace

void RowStoreCloser::operator()(rocksdb::DB* database) const { delete database; }

absl::StatusOr<RowStore> OpenRowStore(const RowStoreOptions& options) {
  RETURN_IF_ERROR(RepairUnderLock(options));
  rocksdb::Options tuned = Tuned(options);
  const std::shared_ptr<rocksdb::Env> environment = NewRowEnvironment(*options.files, options.background);
  tuned.env = environment.get();
  if (options.background != nullptr) RunJobsInTurn(tuned);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(tuned, options.directory, &opened);
  if (status.ok()) return RowStore(opened, RowStoreCloser{environment});
  const std::string what = absl::StrCat(options.directory, ": cannot open the row store");
  // "does not exist" is told as an invalid argument.
  if (status.IsInvalidArgument()) return absl::DataLossError(absl::StrCat(what, ": ", status.ToString()));
  if (status.IsBusy()) return absl::FailedPreconditionError(absl::StrCat(what, ": ", status.ToString()));
  return FromRocksDb(status, what);
}

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  // A file that is missing is not a row that is missing.
  if (status.IsCorruption() || status.IsPathNotFound()) code = absl::StatusCode::kDataLoss;
  if (status.IsNotFound()) code = absl::StatusCode::kNotFound;
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace) code = absl::StatusCode::kResourceExhausted;
  return absl::Status(code, absl::StrCat(base::Absl(what), ": ", status.ToString()));
}

}  // namespace datong::storage
