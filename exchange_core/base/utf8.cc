// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/utf8.h"

#include <bit>

namespace datong::base {
namespace {

static_assert(std::endian::native == std::endian::little);  // for the words below

bool IsContinuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Lead bytes behind which any two continuation bytes are a character: most Chinese text.
bool LeadsThreeOfAnyKind(uint8_t lead) { return lead >= 0xe1 && lead <= 0xec; }

// The first six bytes are two such characters.
bool IsTwoOfThree(uint64_t word) {
  return (word & 0xc0c0f0c0c0f0ull) == 0x8080e08080e0ull && LeadsThreeOfAnyKind(static_cast<uint8_t>(word)) &&
         LeadsThreeOfAnyKind(static_cast<uint8_t>(word >> 24));
}

// Inline: text in two scripts comes here often.
inline size_t CharacterBytes(const uint8_t* from, const uint8_t* end) {
  const uint8_t lead = *from;
  const std::ptrdiff_t left = end - from;
  if (lead < 0x80) return 1;
  if (LeadsThreeOfAnyKind(lead)) return left >= 3 && IsContinuation(from[1]) && IsContinuation(from[2]) ? 3 : 0;
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

size_t Utf8CharacterBytes(const uint8_t* from, const uint8_t* end) { return CharacterBytes(from, end); }

bool IsValidUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  while (end - at >= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    const uint64_t high = word & 0x8080808080808080ull;
    if (high == 0) {
      at += 8;
    } else if (IsTwoOfThree(word)) {
      at += 6;
    } else {
      at += std::countr_zero(high) / 8;
      const size_t bytes = CharacterBytes(at, end);
      if (bytes == 0) return false;
      at += bytes;
    }
  }
  while (at != end) {
    const size_t bytes = CharacterBytes(at, end);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

}  // namespace datong::base
