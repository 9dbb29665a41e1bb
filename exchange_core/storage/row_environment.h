// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "exchange_core/base/file_system.h"
#include "exchange_core/storage/background_jobs.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace datong::storage {

// What a row store stands on: our file layer, and `background` instead of RocksDB's own threads unless it is nullptr.
// Both outlive the result, which outlives the row store.
std::shared_ptr<rocksdb::Env> NewRowEnvironment(base::FileSystem& files, BackgroundJobs* background);

}  // namespace datong::storage
