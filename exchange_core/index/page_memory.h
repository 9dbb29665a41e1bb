// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

namespace datong::index {

// Zeroed memory, aligned to 64 bytes, owned. From 2 MiB on it comes in huge pages where the system has them: random
// look-ups in a big index are bound by address translation more than by memory itself. Throws std::bad_alloc as `new`
// does.
class PageMemory {
 public:
  static constexpr size_t kHugePageBytes = size_t{2} << 20;

  PageMemory() = default;
  explicit PageMemory(size_t bytes);
  ~PageMemory();
  PageMemory(PageMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PageMemory& operator=(PageMemory&& other) noexcept {
    PageMemory old(std::move(*this));  // gives back what was held at once, not when `other` goes
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace datong::index
