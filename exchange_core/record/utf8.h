// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace datong::record {

// Well-formed UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is allowed.
bool IsValidUtf8(std::string_view text);

// For messages to people: at most `bytes_max` bytes of `text`, cut between characters ("..." added when cut), every
// byte that is not UTF-8 or a control character written as \xHH. The result is valid UTF-8 (and may be up to four times
// longer).
std::string Printable(std::string_view text, size_t bytes_max);

}  // namespace datong::record
