// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exchange_core/record/record_schema.h"

// Keys as people write them: which spellings of a key item name the same object. Pure; part of what a key digest means,
// so what these rules do to a text never changes.
namespace datong::record {

// Applied in this order, so that a full-width space is a space and a full-width letter a letter:
//   width    U+FF01-U+FF5E become ASCII, U+3000 becomes a space. Other forms (half-width katakana, ￥) stay
//   spaces   every character that Unicode calls white space is left out wherever it stands (also the unbreakable and
//   the
//            ideographic space, tab, line ends), and so are U+200B (zero width space) and U+FEFF (byte order mark)
//   case     Unicode's simple case folding (one character for one: ß and İ stay) of ASCII, Latin-1, Latin Extended-A
//            and Additional, the letters of Pinyin, Greek, Cyrillic, Roman numerals, circled and full-width letters.
//            Other scripts with case (Armenian, Georgian, Cherokee, ...) stay
// Folding what is folded changes nothing.
struct SpellingRules {
  bool width = false;
  bool spaces = false;
  bool letter_case = false;
  bool any() const { return width || spaces || letter_case; }
};

inline constexpr SpellingRules kEverySpelling = {true, true, true};

// What `item` declares; none for items that are not strings.
SpellingRules SpellingRulesOf(const Item& item);

// Views `text` itself when there is nothing to do, else `scratch`, which is overwritten; `text` is not in `scratch`.
// Bytes that are not UTF-8 stay as they are.
std::string_view FoldKeyText(std::string_view text, SpellingRules rules, std::string& scratch);

// Reused from value to value, so that none allocates.
struct KeyTextScratch {
  std::string text, folded;
};

// The text by which a value takes part in a key or a declared identity: its text form (value_text.h), folded by the
// item's rules. nullopt: it has no text form, or nothing is left of it - a key of spaces that do not count is no key -
// and empty is no value of the item. Views `bytes` or `scratch`.
std::optional<std::string_view> KeyText(const Item& item, uint64_t number, std::string_view bytes,
                                        KeyTextScratch& scratch);

}  // namespace datong::record
