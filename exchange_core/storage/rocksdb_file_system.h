// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "exchange_core/base/file_system.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace datong::storage {

enum class WhenFull {
  kTryAgain,  // RocksDB's recovery thread tries every few seconds whether a full disk has space again
  kStayFull,  // no thread does anything on its own: a row store that met a full disk stays closed to writing
};

// Everything RocksDB does with files, done by `files`, which outlives the result; what RocksDB never asks of a row
// store is not supported. Errors keep their meaning and words: no space, file missing, lock held (Busy), else I/O
// error.
//
// A file is synced when RocksDB says so, and a folder's names are synced before each rename in it: RocksDB renames what
// makes another new file count (CURRENT), and syncs the folder only afterwards.
std::shared_ptr<rocksdb::FileSystem> NewRocksDbFileSystem(base::FileSystem& files, WhenFull when_full);

}  // namespace datong::storage
