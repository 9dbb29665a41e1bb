// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace datong::record {
namespace {

bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the well-formed character at the front of [from, end); 0 when there is none.
size_t CharacterBytes(const uint8_t* from, const uint8_t* end) {
  const uint8_t lead = *from;
  const std::ptrdiff_t left = end - from;
  if (lead < 0x80) return 1;
  if (lead >= 0xe1 && lead <= 0xec) {  // most Chinese text
    return left >= 3 && IsContinuation(from[1]) && IsContinuation(from[2]) ? 3 : 0;
  }
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return left >= 2 && IsContinuation(from[1]) ? 2 : 0;
  if (lead < 0xf0) {
    if (left < 3 || !IsContinuation(from[1]) || !IsContinuation(from[2])) return 0;
    if (lead == 0xe0 && from[1] < 0xa0) return 0;  // overlong
    if (lead == 0xed && from[1] > 0x9f) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xf4 || left < 4) return 0;
  if (!IsContinuation(from[1]) || !IsContinuation(from[2]) || !IsContinuation(from[3])) return 0;
  if (lead == 0xf0 && from[1] < 0x90) return 0;  // overlong
  if (lead == 0xf4 && from[1] > 0x8f) return 0;  // above U+10FFFF
  return 4;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* end = at + text.size();
  while (at != end) {
    uint64_t word;
    while (end - at >= 8 && (std::memcpy(&word, at, 8), (word & 0x8080808080808080ull) == 0)) at += 8;
    // A run of characters of any length before the next try with eight ASCII bytes.
    for (int i = 0; i < 8 && at != end; ++i) {
      const size_t bytes = CharacterBytes(at, end);
      if (bytes == 0) return false;
      at += bytes;
    }
  }
  return true;
}

std::string Printable(std::string_view text, size_t bytes_max) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* end = at + text.size();
  const uint8_t* stop = at + (text.size() < bytes_max ? text.size() : bytes_max);
  std::string out;
  while (at < stop) {
    const size_t bytes = CharacterBytes(at, end);
    const bool control = bytes == 1 && (*at < 0x20 || *at == 0x7f);
    if (bytes == 0 || control) {
      out += {'\\', 'x', kHex[*at >> 4], kHex[*at & 15]};
      ++at;
    } else {
      if (bytes > static_cast<size_t>(stop - at)) break;
      out.append(reinterpret_cast<const char*>(at), bytes);
      at += bytes;
    }
  }
  if (at != end) out += "...";
  return out;
}

}  // namespace datong::record
