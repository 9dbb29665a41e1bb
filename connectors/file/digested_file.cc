// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/digested_file.h"

#include <algorithm>
#include <string_view>

#include "exchange_core/base/status_macros.h"

namespace datong::file {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr uint64_t kBytesPerCall = uint64_t{64} << 20;  // a fraction of a second

}  // namespace

absl::StatusOr<size_t> DigestedFile::ReadAt(uint64_t offset, size_t size, char* out) {
  ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, size, out));
  if (offset <= digested_bytes_ && digested_bytes_ < offset + got) {
    sha256_.Update(std::string_view(out, got).substr(digested_bytes_ - offset));
    digested_bytes_ = offset + got;
  }
  return got;
}

absl::StatusOr<bool> DigestedFile::DigestTowards(uint64_t offset) {
  const uint64_t stop = digested_bytes_ + kBytesPerCall;
  chunk_.resize(kChunkBytes);
  while (digested_bytes_ < offset) {
    if (digested_bytes_ >= stop) return false;
    const uint64_t wanted = std::min<uint64_t>(chunk_.size(), offset - digested_bytes_);
    ASSIGN_OR_RETURN(const size_t got, ReadAt(digested_bytes_, wanted, chunk_.data()));
    if (got == 0) break;
  }
  return true;
}

}  // namespace datong::file
