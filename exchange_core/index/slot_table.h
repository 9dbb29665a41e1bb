// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "exchange_core/base/check.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/index/page_memory.h"

namespace datong::index {

// Where a digest belongs. Columns are a publisher's claims, so without the salt a publisher could choose digests that
// crowd one place and slow down its neighbours in the lane.
inline uint64_t PlaceOf(const base::Digest& digest, uint64_t salt) {
  const uint64_t left = digest.low ^ salt ^ 0x9e3779b97f4a7c15ull;
  const uint64_t right = digest.high ^ salt * 0xd1342543de82ef95ull ^ 0xa0761d6478bd642full;
  const auto product = static_cast<unsigned __int128>(left) * right;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Entry numbers by hash: open addressing over cache lines of twelve slots, each slot a one-byte tag and a number, so
// that a look-up of an unknown key costs one cache line and that of a known key one more (its entry). Each line counts
// the entries that found it full and went on; an entry can therefore be removed without leaving a mark, and a search
// knows where to stop. Takes 6.7 bytes per entry when it is full. Knows no entries: whoever holds them compares and
// rebuilds. Not thread-safe.
class SlotTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  size_t size() const { return size_; }
  size_t capacity() const { return line_count_ * kSlots * 4 / 5; }  // above, lines overflow too often
  size_t memory_bytes() const { return memory_.bytes(); }

  void Prefetch(uint64_t hash) const { __builtin_prefetch(&lines_[HomeOf(hash)]); }

  // The number most likely stored under `hash`, for prefetching its entry; kNone when its line shows none.
  uint32_t Candidate(uint64_t hash) const {
    const Line& line = lines_[HomeOf(hash)];
    const uint32_t equal = line.Equal(TagOf(hash));
    return equal == 0 ? kNone : line.number[__builtin_ctz(equal)];
  }

  // Finds the number stored under `hash` for which matches(number) is true.
  template <typename Matches>
  bool Find(uint64_t hash, Matches matches, uint32_t& number) const {
    const uint8_t tag = TagOf(hash);
    size_t at = line_count_ == 0 ? 0 : HomeOf(hash);
    for (size_t searched = 0; searched < line_count_; ++searched, at = NextOf(at)) {
      const Line& line = lines_[at];
      for (uint32_t equal = line.Equal(tag); equal != 0; equal &= equal - 1) {
        number = line.number[__builtin_ctz(equal)];
        if (matches(number)) return true;
      }
      if (line.went_on == 0) return false;
    }
    return false;
  }

  // size() < capacity(), and `number` is not stored.
  void Insert(uint64_t hash, uint32_t number) {
    size_t at = HomeOf(hash);
    uint32_t empty;
    while ((empty = lines_[at].Equal(0)) == 0) {
      ++lines_[at].went_on;
      at = NextOf(at);
    }
    const int slot = __builtin_ctz(empty);
    lines_[at].tag[slot] = TagOf(hash);
    lines_[at].number[slot] = number;
    ++size_;
  }

  // `number` is stored under `hash`.
  void Remove(uint64_t hash, uint32_t number) {
    const uint8_t tag = TagOf(hash);
    size_t at = HomeOf(hash);
    for (size_t searched = 0; searched < line_count_; ++searched, at = NextOf(at)) {
      Line& line = lines_[at];
      for (uint32_t equal = line.Equal(tag); equal != 0; equal &= equal - 1) {
        const int slot = __builtin_ctz(equal);
        if (line.number[slot] != number) continue;
        line.tag[slot] = 0;
        --size_;
        return;
      }
      DATONG_CHECK(line.went_on > 0);
      --line.went_on;
    }
    DATONG_CHECK(!"an entry to remove is not in the table");
  }

  // Makes room for `entries`, of which `first`, `first` + 1, ... (`count` of them) are stored anew; hash_of(number)
  // gives their hashes. The old lines are given back first: the entries hold all that is needed.
  template <typename HashOf>
  void Rebuild(size_t entries, uint32_t first, uint32_t count, HashOf hash_of) {
    const size_t lines = entries * 5 / (kSlots * 4) + 1;
    DATONG_CHECK(lines <= UINT32_MAX);
    memory_ = PageMemory();
    memory_ = PageMemory(lines * sizeof(Line));
    lines_ = static_cast<Line*>(memory_.data());
    line_count_ = lines;
    size_ = 0;
    constexpr uint32_t kBlock = 32;
    uint64_t hashes[kBlock];
    for (uint32_t done = 0; done < count;) {
      const uint32_t block = count - done < kBlock ? count - done : kBlock;
      for (uint32_t i = 0; i < block; ++i) {
        hashes[i] = hash_of(first + done + i);
        __builtin_prefetch(&lines_[HomeOf(hashes[i])], 1);
      }
      for (uint32_t i = 0; i < block; ++i) Insert(hashes[i], first + done + i);
      done += block;
    }
  }

 private:
  static constexpr int kSlots = 12;
  struct alignas(64) Line {
    uint8_t tag[kSlots];  // 0 = empty
    uint32_t went_on;     // entries stored further on that belong here or before
    uint32_t number[kSlots];

    // Bits of the slots whose tag is `wanted`.
    uint32_t Equal(uint8_t wanted) const {
#if defined(__SSE2__)
      // Loads went_on as well; its four bits are cut off.
      const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
      const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(wanted)));
      return static_cast<uint32_t>(_mm_movemask_epi8(equal)) & ((1u << kSlots) - 1);
#else
      uint32_t bits = 0;
      for (int slot = 0; slot < kSlots; ++slot) bits |= static_cast<uint32_t>(tag[slot] == wanted) << slot;
      return bits;
#endif
    }
  };
  static_assert(sizeof(Line) == 64);

  static uint8_t TagOf(uint64_t hash) {
    const auto tag = static_cast<uint8_t>(hash);
    return tag == 0 ? 1 : tag;
  }
  // The upper bits scaled to the number of lines, which can so be any number: growth by half wastes less than doubling.
  size_t HomeOf(uint64_t hash) const {
    return static_cast<size_t>((static_cast<unsigned __int128>(hash) * line_count_) >> 64);
  }
  size_t NextOf(size_t line) const { return line + 1 == line_count_ ? 0 : line + 1; }

  PageMemory memory_;
  Line* lines_ = nullptr;  // all zero = empty
  size_t line_count_ = 0;
  size_t size_ = 0;
};

}  // namespace datong::index
