// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace datong::tests {

// A path below the checkout, for golden files and documents. Kept in one translation unit, so that objects of tests are
// the same wherever the checkout lies and a compiler cache serves them all.
std::string SourcePath(const std::string& below);

}  // namespace datong::tests
