// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "connectors/file/byte_stream.h"

namespace datong::file {

// The part of a file's content that is in memory: readers look at it, ask for more behind it, and consume from its
// front. Not thread-safe.
class ContentWindow {
 public:
  explicit ContentWindow(std::unique_ptr<ByteStream> stream);

  std::string_view view() const { return {buffer_.get() + begin_, end_ - begin_}; }
  uint64_t offset() const { return offset_; }  // of view()'s first byte within the content
  uint64_t stored_bytes_read() const { return stream_->stored_bytes_read(); }
  bool ended() const { return ended_; }  // nothing follows view(): the end, or status() says why not
  const absl::Status& status() const { return status_; }

  void Consume(size_t bytes) {
    begin_ += bytes;
    offset_ += bytes;
  }
  // Reads more behind view() (which moves in memory); false when nothing came: see ended(). After a passing error: call
  // again.
  bool More();
  // Empties the window and moves forward to `offset`, in bounded work; true when there or when status() is not OK.
  bool SkipTowards(uint64_t offset);

 private:
  bool TakeError(const absl::Status& error);

  std::unique_ptr<ByteStream> stream_;
  // Not a vector: most files are small, and making a megabyte of zeros costs more than reading them.
  std::unique_ptr<char[]> buffer_;
  size_t capacity_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t offset_ = 0;
  bool ended_ = false;
  absl::Status status_;
};

}  // namespace datong::file
