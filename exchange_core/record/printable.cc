// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/printable.h"

#include <cstddef>
#include <cstdint>

#include "exchange_core/base/utf8.h"

namespace datong::record {

std::string Printable(std::string_view text, size_t bytes_max) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* end = at + text.size();
  const uint8_t* stop = at + (text.size() < bytes_max ? text.size() : bytes_max);
  std::string out;
  while (at < stop) {
    const size_t bytes = base::Utf8CharacterBytes(at, end);
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
