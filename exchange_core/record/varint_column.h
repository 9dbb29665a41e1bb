// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

// Columns of varints: the loops that run once per record and column when a batch is packed or opened.
namespace datong::record {

inline constexpr size_t kVarintBytesMax = 10;

// Writes at `to`, which has room for kVarintBytesMax bytes; returns behind the last byte written.
inline uint8_t* WriteVarint(uint8_t* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<uint8_t>(value);
  return to;
}

// Reads one varint from [from, end); nullptr when it does not end there or needs more than 64 bits.
inline const uint8_t* ReadVarint(const uint8_t* from, const uint8_t* end, uint64_t& value) {
  if (from != end && *from < 0x80) {
    value = *from;
    return from + 1;
  }
  uint64_t sum = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (from == end) return nullptr;
    const uint8_t byte = *from++;
    sum |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (shift == 63 && byte > 1) return nullptr;
      value = sum;
      return from;
    }
  }
  return nullptr;
}

// Reads `count` varints from [from, end) and hands each to `take(index, value)`. Returns behind the last byte read, or
// nullptr when the column is malformed or does not fit.
template <typename Take>
const uint8_t* ReadVarints(const uint8_t* from, const uint8_t* end, size_t count, Take take) {
  constexpr uint64_t kContinuations = 0x8080808080808080ull;
  size_t i = 0;
  while (i < count) {
    uint64_t word;
    // Deltas are mostly small: eight one-byte varints at a time.
    while (count - i >= 8 && end - from >= 8 && (std::memcpy(&word, from, 8), (word & kContinuations) == 0)) {
      for (unsigned k = 0; k < 8; ++k) take(i + k, (word >> (8 * k)) & 0xff);
      from += 8;
      i += 8;
    }
    // Then a few of any length, so that a column of longer ones does not test for eight short ones each time.
    for (size_t stop = count - i < 8 ? count : i + 8; i < stop; ++i) {
      uint64_t value;
      from = ReadVarint(from, end, value);
      if (from == nullptr) return nullptr;
      take(i, value);
    }
  }
  return from;
}

// Appends `count` varints, value(index) each.
template <typename Value>
void AppendVarints(std::string& out, size_t count, Value value) {
  constexpr size_t kChunk = 256;
  uint8_t buffer[kChunk * kVarintBytesMax];
  for (size_t i = 0; i < count;) {
    uint8_t* to = buffer;
    for (const size_t stop = count - i < kChunk ? count : i + kChunk; i < stop; ++i) to = WriteVarint(to, value(i));
    out.append(reinterpret_cast<const char*>(buffer), static_cast<size_t>(to - buffer));
  }
}

}  // namespace datong::record
