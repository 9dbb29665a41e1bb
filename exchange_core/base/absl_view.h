// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string_view>

namespace datong::base {
// Debian's Abseil is built with a string_view of its own; these two lines are where the two kinds meet.
inline absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view Std(absl::string_view text) { return {text.data(), text.size()}; }
}  // namespace datong::base
