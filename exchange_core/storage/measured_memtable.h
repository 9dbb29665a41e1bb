// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

namespace rocksdb {
class MemTableRepFactory;
}  // namespace rocksdb

namespace datong::storage {

// Memory tables that are full when so many bytes were written to them, whatever the process did before: RocksDB's own
// measure theirs by what the allocator gave, and draw the heights of their nodes from randomness of the thread, so that
// two runs of one story would flush at different writes. For one thread and small tables: one with many readers keeps a
// few bytes for each of them until it is flushed.
std::shared_ptr<rocksdb::MemTableRepFactory> NewMeasuredMemtables();

}  // namespace datong::storage
