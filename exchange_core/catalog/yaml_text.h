// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "exchange_core/catalog/finding.h"

namespace datong::catalog {

// A YAML text before it is parsed: turns byte positions into places, and refuses what a parser would take silently or
// explain badly. `text` must outlive it.
class YamlText {
 public:
  explicit YamlText(std::string_view text);  // a leading byte order mark is skipped

  std::string_view text() const { return text_; }
  // Invalid UTF-8, control characters, lone carriage returns, tabs in indentation, too many bytes. True when there are
  // none.
  bool Check(Findings& findings) const;
  // `length` in characters.
  Place PlaceOf(size_t byte, int length = 1) const;
  // Of the scalar written at `byte`, within its first line.
  Place PlaceOfScalar(size_t byte) const;
  size_t LineBegin(size_t line_from_zero) const;
  std::string_view LineAt(size_t line_from_zero) const;  // without its line break

 private:
  std::string_view text_;
  std::vector<size_t> line_begins_;
};

}  // namespace datong::catalog
