// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"

namespace rocksdb {
class Logger;
}  // namespace rocksdb

namespace datong::storage {

// RocksDB's warnings and errors, for people: lines with their time in `directory`/LOG, and the MiB before it in
// LOG.old.1. Never synced, and a line that can't be written is dropped. The file begins with the first line. `files`
// and `clock` outlive the result.
std::shared_ptr<rocksdb::Logger> NewRowLog(base::FileSystem& files, base::Clock& clock, const std::string& directory);

}  // namespace datong::storage
