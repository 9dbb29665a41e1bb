// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "exchange_core/base/digest.h"
#include "exchange_core/base/file_system.h"

namespace datong::file {

// A file whose stored bytes go into a SHA-256 as they are read: each of them once and in order, whoever reads it and
// however often. What is read ahead of a gap is digested when it is read again behind it. Not thread-safe.
class DigestedFile final : public base::RandomAccessFile {
 public:
  static constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();

  explicit DigestedFile(std::shared_ptr<base::RandomAccessFile> file) : file_(std::move(file)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, size_t size, char* out) override;
  absl::StatusOr<uint64_t> Size() override { return file_->Size(); }

  // Digests on to `offset` or the file's end, in bounded work; true: there.
  absl::StatusOr<bool> DigestTowards(uint64_t offset);
  uint64_t digested_bytes() const { return digested_bytes_; }          // from the file's first
  std::string digest() const { return base::ToHex(sha256_.Sofar()); }  // of these, in hex

 private:
  const std::shared_ptr<base::RandomAccessFile> file_;
  base::Sha256Stream sha256_;
  uint64_t digested_bytes_ = 0;
  std::string chunk_;
};

}  // namespace datong::file
