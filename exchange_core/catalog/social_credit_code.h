// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace datong::catalog {

// What is wrong with a unified social credit code (GB 32100-2015, and the organisation code of GB 11714 inside it), in
// words; nullopt when it is valid. Lower-case letters are not accepted: the code is stored as written.
std::optional<std::string> SocialCreditCodeProblem(std::string_view code);

}  // namespace datong::catalog
