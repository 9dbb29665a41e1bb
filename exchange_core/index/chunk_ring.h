// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/index/page_memory.h"

namespace datong::index {

// Entries numbered in the order of arrival, in chunks that stay where they are: growing copies nothing, so memory has
// no peak, and the oldest chunks can be given back. Only a sole chunk starts small and doubles, for the many resources
// that are small. Numbers count on modulo 2^32. References hold until the next Append or DropOldest. Not thread-safe.
template <typename Entry, uint32_t kChunkEntries>
class ChunkRing {
  static_assert((kChunkEntries & (kChunkEntries - 1)) == 0, "numbers are cut into chunk and place by masks");
  static_assert(std::is_trivially_copyable_v<Entry>);

 public:
  static constexpr uint32_t kEntriesMax = UINT32_MAX - 2 * kChunkEntries;

  // The first entry gets number `first`, a multiple of kChunkEntries.
  explicit ChunkRing(uint32_t first = 0) : begin_(first), end_(first) { DATONG_CHECK(first % kChunkEntries == 0); }

  uint32_t begin() const { return begin_; }  // number of the oldest entry
  uint32_t end() const { return end_; }      // number of the next entry
  uint32_t size() const { return end_ - begin_; }
  size_t memory_bytes() const {
    size_t bytes = directory_.capacity() * sizeof(PageMemory);
    for (const PageMemory& chunk : directory_) bytes += chunk.bytes();
    return bytes;
  }

  Entry& At(uint32_t number) const {
    return static_cast<Entry*>(directory_[number / kChunkEntries & mask_].data())[number % kChunkEntries];
  }

  Entry& Append(const Entry& entry) {
    const uint32_t place = end_ % kChunkEntries;
    if (place == 0) {
      AddChunk();
    } else if (place == newest_entries_) {
      DoubleSoleChunk();
    }
    Entry& at = At(end_++);
    at = entry;
    return at;
  }

  // Forgets the oldest `count` entries. When none is left, numbers may be skipped.
  void DropOldest(uint32_t count) {
    DATONG_CHECK(count <= size());
    const uint32_t begin = begin_ + count;
    for (uint32_t chunk = begin_ / kChunkEntries; chunk != begin / kChunkEntries; chunk = (chunk + 1) % kChunkNumbers) {
      directory_[chunk & mask_] = PageMemory();
      --chunks_;
    }
    begin_ = begin;
    if (begin_ != end_ || chunks_ == 0) return;
    // Nothing is left: the numbers skip the rest of the newest chunk, and the next entry starts small again.
    directory_[begin_ / kChunkEntries & mask_] = PageMemory();
    chunks_ = 0;
    begin_ = end_ = (begin_ / kChunkEntries + 1) % kChunkNumbers * kChunkEntries;
  }

 private:
  static constexpr uint32_t kChunkNumbers = static_cast<uint32_t>((uint64_t{1} << 32) / kChunkEntries);
  static constexpr uint32_t kSmallChunkEntries = std::min<uint32_t>(64, kChunkEntries);

  void AddChunk() {
    DATONG_CHECK(size() < kEntriesMax);
    if (chunks_ == directory_.size()) GrowDirectory();
    newest_entries_ = chunks_ == 0 ? kSmallChunkEntries : kChunkEntries;
    directory_[end_ / kChunkEntries & mask_] = PageMemory(size_t{newest_entries_} * sizeof(Entry));
    ++chunks_;
  }

  void DoubleSoleChunk() {
    PageMemory& chunk = directory_[end_ / kChunkEntries & mask_];
    PageMemory larger(size_t{newest_entries_} * 2 * sizeof(Entry));
    std::memcpy(larger.data(), chunk.data(), size_t{newest_entries_} * sizeof(Entry));
    chunk = std::move(larger);
    newest_entries_ *= 2;
  }

  void GrowDirectory() {
    const size_t slots = directory_.empty() ? 1 : directory_.size() * 2;
    std::vector<PageMemory> grown(slots);
    for (uint32_t i = 0; i < chunks_; ++i) {
      const uint32_t chunk = (begin_ / kChunkEntries + i) % kChunkNumbers;
      grown[chunk & (slots - 1)] = std::move(directory_[chunk & mask_]);
    }
    directory_ = std::move(grown);
    mask_ = static_cast<uint32_t>(slots - 1);
  }

  std::vector<PageMemory> directory_;  // a power of two, indexed by the low bits of the chunk's number
  uint32_t mask_ = 0;
  uint32_t chunks_ = 0;
  uint32_t newest_entries_ = 0;  // room in the newest chunk
  uint32_t begin_;
  uint32_t end_;
};

}  // namespace datong::index
