// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/record/key_spelling.h"

#include <algorithm>
#include <iterator>

#include "exchange_core/record/value_text.h"

namespace datong::record {
namespace {

// Every `step`-th character from `first` to `last` folds to itself plus `delta`.
struct FoldRange {
  char32_t first, last;
  int step, delta;
};

// From Unicode's CaseFolding.txt, statuses C and S. Ascending.
constexpr FoldRange kFoldRanges[] = {
    {0x0041, 0x005A, 1, 32},    {0x00B5, 0x00B5, 1, 775},   {0x00C0, 0x00D6, 1, 32},   {0x00D8, 0x00DE, 1, 32},
    {0x0100, 0x012E, 2, 1},     {0x0132, 0x0136, 2, 1},     {0x0139, 0x0147, 2, 1},    {0x014A, 0x0176, 2, 1},
    {0x0178, 0x0178, 1, -121},  {0x0179, 0x017D, 2, 1},     {0x017F, 0x017F, 1, -268}, {0x01CD, 0x01DB, 2, 1},
    {0x01F8, 0x01F8, 1, 1},     {0x0370, 0x0372, 2, 1},     {0x0376, 0x0376, 1, 1},    {0x037F, 0x037F, 1, 116},
    {0x0386, 0x0386, 1, 38},    {0x0388, 0x038A, 1, 37},    {0x038C, 0x038C, 1, 64},   {0x038E, 0x038F, 1, 63},
    {0x0391, 0x03A1, 1, 32},    {0x03A3, 0x03AB, 1, 32},    {0x03C2, 0x03C2, 1, 1},    {0x03CF, 0x03CF, 1, 8},
    {0x03D0, 0x03D0, 1, -30},   {0x03D1, 0x03D1, 1, -25},   {0x03D5, 0x03D5, 1, -15},  {0x03D6, 0x03D6, 1, -22},
    {0x03D8, 0x03EE, 2, 1},     {0x03F0, 0x03F0, 1, -54},   {0x03F1, 0x03F1, 1, -48},  {0x03F4, 0x03F4, 1, -60},
    {0x03F5, 0x03F5, 1, -64},   {0x03F7, 0x03F7, 1, 1},     {0x03F9, 0x03F9, 1, -7},   {0x03FA, 0x03FA, 1, 1},
    {0x03FD, 0x03FF, 1, -130},  {0x0400, 0x040F, 1, 80},    {0x0410, 0x042F, 1, 32},   {0x0460, 0x0480, 2, 1},
    {0x048A, 0x04BE, 2, 1},     {0x04C0, 0x04C0, 1, 15},    {0x04C1, 0x04CD, 2, 1},    {0x04D0, 0x052E, 2, 1},
    {0x1E00, 0x1E94, 2, 1},     {0x1E9B, 0x1E9B, 1, -58},   {0x1EA0, 0x1EFE, 2, 1},    {0x2126, 0x2126, 1, -7517},
    {0x212A, 0x212A, 1, -8383}, {0x212B, 0x212B, 1, -8262}, {0x2160, 0x216F, 1, 16},   {0x24B6, 0x24CF, 1, 26},
    {0xFF21, 0xFF3A, 1, 32},
};

char32_t FoldCase(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  const auto* const range = std::lower_bound(std::begin(kFoldRanges), std::end(kFoldRanges), c,
                                             [](const FoldRange& one, char32_t value) { return one.last < value; });
  if (range == std::end(kFoldRanges) || c < range->first) return c;
  if ((c - range->first) % static_cast<char32_t>(range->step) != 0) return c;
  return static_cast<char32_t>(static_cast<int32_t>(c) + range->delta);
}

char32_t FoldWidth(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFEE0;
  return c == 0x3000 ? U' ' : c;
}

// Unicode's White_Space, and two characters that are invisible where people see them.
bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

// The character of two or three bytes at the front of `text`, and its size; size 0 when there is none. Those of four
// bytes have neither width nor a case that counts here.
struct Character {
  char32_t value = 0;
  size_t size = 0;
};

Character CharacterAt(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if (byte(0) < 0x80) return {byte(0), 1};
  if (byte(0) >= 0xC2 && byte(0) < 0xE0 && continues(1)) {
    return {static_cast<char32_t>((byte(0) & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  }
  if (byte(0) >= 0xE0 && byte(0) < 0xF0 && continues(1) && continues(2)) {
    return {static_cast<char32_t>((byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F)), 3};
  }
  return {};
}

void AppendCharacter(char32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

}  // namespace

SpellingRules SpellingRulesOf(const Item& item) {
  if (item.type != ItemType::kString) return {};
  return {.width = item.ignore_width, .spaces = item.ignore_spaces, .letter_case = item.ignore_case};
}

std::string_view FoldKeyText(std::string_view text, SpellingRules rules, std::string& scratch) {
  if (!rules.any()) return text;
  scratch.clear();
  while (!text.empty()) {
    const Character found = CharacterAt(text);
    if (found.size == 0) {
      scratch.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    char32_t c = found.value;
    if (rules.width) c = FoldWidth(c);
    const bool left_out = rules.spaces && IsSpace(c);
    if (rules.letter_case) c = FoldCase(c);
    // What does not change is copied as it is, whatever its bytes are.
    if (!left_out && c == found.value) scratch.append(text.substr(0, found.size));
    if (!left_out && c != found.value) AppendCharacter(c, scratch);
    text.remove_prefix(found.size);
  }
  return scratch;
}

std::optional<std::string_view> KeyText(const Item& item, uint64_t number, std::string_view bytes,
                                        KeyTextScratch& scratch) {
  const std::optional<std::string_view> text = ValueText(item.type, number, bytes, scratch.text);
  const SpellingRules rules = SpellingRulesOf(item);
  if (!text || !rules.any()) return text;
  const std::string_view folded = FoldKeyText(*text, rules, scratch.folded);
  if (folded.empty() && !item.empty_is_value) return std::nullopt;
  return folded;
}

}  // namespace datong::record
