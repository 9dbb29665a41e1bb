// SPDX-License-Identifier: Apache-2.0
#include "cli/display_width.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "cli/width_ranges.h"

namespace datong::cli {
namespace {

template <size_t N>
bool IsIn(const CodeRange (&ranges)[N], char32_t code) {
  const CodeRange* found = std::upper_bound(std::begin(ranges), std::end(ranges), code,
                                            [](char32_t c, const CodeRange& range) { return c < range.first; });
  return found != std::begin(ranges) && code <= std::prev(found)->last;
}

size_t WidthOf(char32_t code) {
  if (code < 0x300) return 1;
  if (IsIn(kZeroWidth, code)) return 0;
  return IsIn(kWide, code) ? 2 : 1;
}

// Takes one character off the front; a byte that begins none is taken alone.
char32_t TakeCharacter(std::string_view& rest, std::string_view& taken) {
  const auto lead = static_cast<uint8_t>(rest[0]);
  const size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  char32_t code = length == 1 ? lead : lead & (0x7f >> length);
  bool sound = length > 0 && length <= rest.size();
  for (size_t i = 1; sound && i < length; ++i) {
    const auto next = static_cast<uint8_t>(rest[i]);
    sound = (next & 0xc0) == 0x80;
    code = code << 6 | (next & 0x3f);
  }
  taken = rest.substr(0, sound ? length : 1);
  rest.remove_prefix(taken.size());
  return sound ? code : 0xfffd;
}

}  // namespace

size_t DisplayWidth(std::string_view utf8) {
  size_t width = 0;
  for (std::string_view taken; !utf8.empty();) width += WidthOf(TakeCharacter(utf8, taken));
  return width;
}

std::string CutToWidth(std::string_view utf8, size_t width) {
  if (DisplayWidth(utf8) <= width) return std::string(utf8);
  if (width == 0) return {};
  std::string cut;
  size_t used = 0;
  for (std::string_view taken; !utf8.empty();) {
    used += WidthOf(TakeCharacter(utf8, taken));
    if (used > width - 1) break;  // one column for what says that something is missing
    cut += taken;
  }
  return cut + "…";
}

std::string OneLine(std::string_view utf8) {
  std::string line;
  for (const char c : utf8) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      line += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace datong::cli
