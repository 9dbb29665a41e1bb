// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// The moment a full dump speaks of, as departments write it. Microseconds UTC since 1970.
namespace datong::file {

// A date is 2022-03-11, 20220311, 2022_03_11, 2022.03.11 or 2022年3月11日, of the years 1970 to 2099, with no digit
// before or behind it. It stands for the end of that day, Beijing time: the dump speaks of that day. A time may follow:
//   T1830  T183000  T18:30  T18:30:00  T18-30-00     behind a T
//   183000  18:30  18:30:00  18-30-00                behind a space, '_', '-' or '.'; four digits would be a serial
//   202203111830  20220311183000                     at once behind a date without separators
// A time is Beijing time, or UTC with a Z behind it, or what an offset says (+08:00, +0800).

// The first one in a file's name.
std::optional<int64_t> MomentInName(std::string_view name);
// The whole text is one.
std::optional<int64_t> MomentFromText(std::string_view text);

}  // namespace datong::file
