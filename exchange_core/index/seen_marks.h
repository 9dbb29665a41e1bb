// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace datong::index {

// Which entries of one EntityIndex a snapshot has seen: one bit per entry, by the entry's number. Not thread-safe.
class SeenMarks {
 public:
  bool Has(uint32_t number) const {
    return number / 64 < words_.size() && (words_[number / 64] >> (number % 64) & 1) != 0;
  }
  void Set(uint32_t number) {
    if (number / 64 >= words_.size()) words_.resize(number / 64 + 1);
    words_[number / 64] |= uint64_t{1} << (number % 64);
  }
  // The first number from there on that has none. Most have one: they are passed over by the word.
  uint32_t NextWithout(uint32_t from) const {
    size_t word = from / 64;
    if (word >= words_.size()) return from;
    uint64_t without = ~words_[word] & ~uint64_t{0} << (from % 64);
    while (without == 0 && ++word < words_.size()) without = ~words_[word];
    return static_cast<uint32_t>(word * 64 + (without == 0 ? 0 : static_cast<size_t>(std::countr_zero(without))));
  }
  void Prefetch(uint32_t number) const {
    if (number / 64 < words_.size()) __builtin_prefetch(&words_[number / 64]);
  }
  size_t memory_bytes() const { return words_.capacity() * sizeof(uint64_t); }
  // 64 marks each, without zeros at the end: equal for equal marks.
  std::vector<uint64_t> Words() const {
    std::vector<uint64_t> words = words_;
    while (!words.empty() && words.back() == 0) words.pop_back();
    return words;
  }
  void Assign(std::vector<uint64_t> words) { words_ = std::move(words); }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace datong::index
