// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/rocksdb_opener.h"

#include <absl/strings/str_cat.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include "exchange_core/base/absl_view.h"

#if defined(__SANITIZE_THREAD__)
// The packaged RocksDB is not instrumented: the sanitizer sees its copies of memory but not the order its atomics give
// them.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:librocksdb.so\nrace:rocksdb::\n"; }
#endif

namespace datong::storage {
namespace {

rocksdb::Options Tuned(const RowStoreOptions& options) {
  rocksdb::Options tuned;
  tuned.create_if_missing = options.create_if_missing;
  tuned.paranoid_checks = true;
  // A damaged byte in the log refuses to open; only a last write cut short is forgiven. (The default would silently end
  // at the damage and forget every write behind it.)
  tuned.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  tuned.recycle_log_file_num = 0;
  tuned.compression = rocksdb::kNoCompression;
  tuned.write_buffer_size = options.memtable_bytes;
  tuned.max_write_buffer_number = 3;
  tuned.max_total_wal_size = 4 * options.memtable_bytes;
  tuned.max_background_jobs = 2;
  tuned.max_open_files = options.open_files_max;
  tuned.max_manifest_file_size = size_t{8} << 20;
  tuned.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  tuned.max_log_file_size = size_t{1} << 20;
  tuned.keep_log_file_num = 2;
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

}  // namespace

absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenRowStore(const RowStoreOptions& options) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(Tuned(options), options.directory, &opened);
  if (status.ok()) return std::unique_ptr<rocksdb::DB>(opened);
  const std::string what = absl::StrCat(options.directory, ": cannot open the row store");
  // "does not exist" and a file missing in the middle are told as an invalid argument, or as an I/O error.
  if (status.IsInvalidArgument() || status.IsPathNotFound()) {
    return absl::DataLossError(absl::StrCat(what, ": ", status.ToString()));
  }
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    return absl::FailedPreconditionError(absl::StrCat(what, ": ", status.ToString()));
  }
  return FromRocksDb(status, what);
}

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  absl::StatusCode code = absl::StatusCode::kUnavailable;
  if (status.IsCorruption()) code = absl::StatusCode::kDataLoss;
  if (status.IsNotFound()) code = absl::StatusCode::kNotFound;
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace) code = absl::StatusCode::kResourceExhausted;
  return absl::Status(code, absl::StrCat(base::Absl(what), ": ", status.ToString()));
}

}  // namespace datong::storage
