// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace datong::base {

// Well-formed UTF-8 as Unicode defines it (table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. NUL is
// allowed.
bool IsValidUtf8(std::string_view text);

// Bytes of the well-formed character at the front of [from, end), which is not empty; 0 when there is none.
size_t Utf8CharacterBytes(const uint8_t* from, const uint8_t* end);

// Length of the leading part that is plain ASCII, to within 8 bytes (a lower bound).
inline size_t AsciiPrefixBytes(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t eight;
    std::memcpy(&eight, text.data() + i, 8);
    if ((eight & 0x8080808080808080ull) != 0) return i;
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace datong::base
