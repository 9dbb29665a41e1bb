// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/content_window.h"

#include <cstring>

namespace datong::file {
namespace {
constexpr size_t kChunkBytes = size_t{512} << 10;  // stays in the second-level cache
}

ContentWindow::ContentWindow(std::unique_ptr<ByteStream> stream)
    : stream_(std::move(stream)),
      buffer_(std::make_unique_for_overwrite<char[]>(2 * kChunkBytes)),
      capacity_(2 * kChunkBytes) {}

bool ContentWindow::TakeError(const absl::Status& error) {
  status_ = error;
  ended_ = absl::IsOutOfRange(error) || absl::IsDataLoss(error);
  return false;
}

bool ContentWindow::More() {
  if (ended_) return false;
  status_ = absl::OkStatus();
  if (capacity_ - end_ < kChunkBytes) {
    std::unique_ptr<char[]> grown;
    if (capacity_ - (end_ - begin_) < kChunkBytes) {
      capacity_ *= 2;
      grown = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    char* to = grown ? grown.get() : buffer_.get();
    std::memmove(to, buffer_.get() + begin_, end_ - begin_);
    if (grown) buffer_ = std::move(grown);
    end_ -= begin_;
    begin_ = 0;
  }
  const absl::StatusOr<size_t> got = stream_->Read(buffer_.get() + end_, kChunkBytes);
  if (!got.ok()) return TakeError(got.status());
  end_ += *got;
  ended_ = *got == 0;
  return !ended_;
}

bool ContentWindow::SkipTowards(uint64_t offset) {
  const uint64_t loaded_until = offset_ + (end_ - begin_);
  if (offset <= loaded_until) {
    Consume(offset - offset_);
    return true;
  }
  begin_ = end_ = 0;
  offset_ = loaded_until;
  status_ = absl::OkStatus();
  const absl::StatusOr<uint64_t> stands = stream_->SkipTowards(offset);
  if (!stands.ok()) {
    TakeError(stands.status());
    return true;
  }
  offset_ = *stands;
  return offset_ == offset;
}

}  // namespace datong::file
