// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace rocksdb {
class DB;
class Status;
}  // namespace rocksdb

namespace datong::storage {

// A database of small rows: memory and open files bounded, nothing compressed, the log of its writes always on.
struct RowStoreOptions {
  std::string directory;
  bool create_if_missing = false;
  size_t memtable_bytes = size_t{16} << 20;
  size_t block_cache_bytes = size_t{16} << 20;
  int open_files_max = 256;
};

// DataLoss: a stored file is damaged or missing, and the message says which. A log whose last write was cut short by a
// crash is no damage: that write never was durable. ResourceExhausted: no space to open. FailedPrecondition: another
// process has it.
absl::StatusOr<std::unique_ptr<rocksdb::DB>> OpenRowStore(const RowStoreOptions& options);

// OK for OK. `what` says what was being done, and where.
absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what);

}  // namespace datong::storage
