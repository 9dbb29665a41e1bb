// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace datong::record {

// For messages to people: at most `bytes_max` bytes of `text`, cut between characters ("..." added when cut), every
// byte that is not UTF-8 or a control character written as \xHH. The result is valid UTF-8 (and may be up to four times
// longer).
std::string Printable(std::string_view text, size_t bytes_max);

}  // namespace datong::record
