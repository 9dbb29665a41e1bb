// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "exchange_core/base/file_system.h"

namespace datong::file {

// The content of a file from front to back, decompressed when it is gzip (recognised by its first two bytes). Not
// thread-safe.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Up to `size` bytes; 0 = the end. OutOfRange: the compressed file breaks off; DataLoss: it is damaged. Neither can
  // be retried.
  virtual absl::StatusOr<size_t> Read(char* out, size_t size) = 0;
  // Moves forward to `offset` of the content, or as far as this call may work; returns where it stands now (== offset:
  // there).
  virtual absl::StatusOr<uint64_t> SkipTowards(uint64_t offset) = 0;
  // Bytes of the stored file consumed so far, for progress.
  virtual uint64_t stored_bytes_read() const = 0;
};

// `path` is for messages. Streams over one file do not disturb each other.
absl::StatusOr<std::unique_ptr<ByteStream>> OpenContent(std::shared_ptr<base::RandomAccessFile> file,
                                                        const std::string& path);

}  // namespace datong::file
