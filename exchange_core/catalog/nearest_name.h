// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace datong::catalog {

// The candidate a person most likely meant by `written`, or empty when none is near: compared by characters (so that
// Chinese names count as people see them), where a wrong, missing, extra or swapped character is one step.
std::string NearestName(std::string_view written, const std::vector<std::string>& candidates);

// "did you mean 'x'?", or `otherwise` when nothing is near.
std::string DidYouMean(std::string_view written, const std::vector<std::string>& candidates, std::string otherwise);

// Code points of UTF-8 text; bytes that are none count one each.
std::u32string CodePoints(std::string_view text);

}  // namespace datong::catalog
