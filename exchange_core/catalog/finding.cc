// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/finding.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace datong::catalog {

std::vector<Finding> Findings::TakeInTextOrder() {
  std::stable_sort(all_.begin(), all_.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::exchange(all_, {});
}

}  // namespace datong::catalog
