// SPDX-License-Identifier: Apache-2.0
#include "connectors/file/utf8.h"

namespace datong::file {

bool IsUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = p + text.size();
  const auto follows = [](uint8_t byte) { return (byte & 0xC0) == 0x80; };
  while (p < end) {
    if (*p < 0x80) {
      p += AsciiPrefix({reinterpret_cast<const char*>(p), static_cast<size_t>(end - p)});
      while (p < end && *p < 0x80) ++p;
      continue;
    }
    // Chinese text is runs of three bytes: take them first.
    if (*p >= 0xE0 && *p <= 0xEF) {
      if (end - p < 3 || !follows(p[1]) || !follows(p[2])) return false;
      if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F)) return false;
      p += 3;
    } else if (*p >= 0xC2 && *p <= 0xDF) {
      if (end - p < 2 || !follows(p[1])) return false;
      p += 2;
    } else if (*p >= 0xF0 && *p <= 0xF4) {
      if (end - p < 4 || !follows(p[1]) || !follows(p[2]) || !follows(p[3])) return false;
      if ((*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] > 0x8F)) return false;
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::string_view TrimName(std::string_view name) {
  constexpr std::string_view kInvisible[] = {"\xEF\xBB\xBF", "\xE2\x80\x8B", " ", "\t"};
  for (bool trimmed = true; trimmed;) {
    trimmed = false;
    for (const std::string_view part : kInvisible) {
      if (name.substr(0, part.size()) == part) {
        name.remove_prefix(part.size());
        trimmed = true;
      }
      if (name.size() >= part.size() && name.substr(name.size() - part.size()) == part) {
        name.remove_suffix(part.size());
        trimmed = true;
      }
    }
  }
  return name;
}

}  // namespace datong::file
