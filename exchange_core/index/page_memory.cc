// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/page_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

namespace datong::index {
namespace {

constexpr std::align_val_t kAlignment{64};

void* MapAligned(size_t bytes) {
  // A huge page begins at a multiple of its size: map more, then give back both ends.
  const size_t mapped_bytes = bytes + PageMemory::kHugePageBytes;
  void* mapped = ::mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = (begin + PageMemory::kHugePageBytes - 1) & ~(PageMemory::kHugePageBytes - 1);
  if (aligned > begin) ::munmap(mapped, aligned - begin);
  const uintptr_t end = aligned + bytes;
  if (begin + mapped_bytes > end) ::munmap(reinterpret_cast<void*>(end), begin + mapped_bytes - end);
  void* data = reinterpret_cast<void*>(aligned);
  // Only a wish: without huge pages everything works, more slowly.
  ::madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

}  // namespace

PageMemory::PageMemory(size_t bytes) : bytes_(bytes) {
  if (bytes_ >= kHugePageBytes) {
    constexpr size_t kPageBytes = 4096;  // what is unmapped at the end must begin at a page
    bytes_ = (bytes_ + kPageBytes - 1) & ~(kPageBytes - 1);
    data_ = MapAligned(bytes_);
  } else {
    data_ = ::operator new(bytes_, kAlignment);
    std::memset(data_, 0, bytes_);
  }
}

PageMemory::~PageMemory() {
  if (data_ == nullptr) return;
  if (bytes_ >= kHugePageBytes) {
    ::munmap(data_, bytes_);
  } else {
    ::operator delete(data_, kAlignment);
  }
}

}  // namespace datong::index
