// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "broker_adapters/embedded/segment_block.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/broker/broker.h"

namespace datong::embedded {

// Reads blocks, keeping a bounded number of segment files open. Thread-safe.
class SegmentReader {
 public:
  SegmentReader(base::FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

  // The block's bytes. DataLoss names the file and the offset when the file is missing or anything differs from
  // `location`.
  struct Block {
    std::unique_ptr<char[]> memory;
    size_t size = 0;
    std::string_view bytes() const { return {memory.get(), size}; }
  };
  absl::StatusOr<Block> Read(broker::TopicKind kind, const BlockLocation& location);

  // The file is about to be removed: lets go of it.
  void Forget(broker::TopicKind kind, uint32_t number);

 private:
  using Key = std::pair<uint8_t, uint32_t>;  // kind, number
  struct Open {
    Key key;
    std::shared_ptr<base::RandomAccessFile> file;
  };

  absl::StatusOr<std::shared_ptr<base::RandomAccessFile>> File(broker::TopicKind kind, uint32_t number);

  base::FileSystem& files_;
  const std::string directory_;
  std::mutex mutex_;
  std::list<Open> recent_;  // most recently used first
  absl::flat_hash_map<Key, std::list<Open>::iterator> open_;
};

}  // namespace datong::embedded
