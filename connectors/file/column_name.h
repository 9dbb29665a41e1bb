// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace datong::file {

// The name without byte order marks, zero-width spaces and blanks at both ends.
std::string_view TrimName(std::string_view name);

}  // namespace datong::file
