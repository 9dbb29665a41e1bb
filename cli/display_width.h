// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace datong::cli {

// Columns a terminal uses for the text: 2 for East Asian wide and full-width characters, 0 for combining ones
// (Unicode 14.0; ambiguous ones count 1). Bytes that are no UTF-8 count 1 each.
size_t DisplayWidth(std::string_view utf8);

// The text within `width` columns, whole characters only; "…" stands for what was cut.
std::string CutToWidth(std::string_view utf8, size_t width);

// One line and nothing that steers a terminal: control characters become visible escapes.
std::string OneLine(std::string_view utf8);

}  // namespace datong::cli
