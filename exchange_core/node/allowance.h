// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "exchange_core/base/clock.h"

namespace datong::node {

// So much at once, and so much per second in the long run (a token bucket). Not thread-safe.
class Allowance {
 public:
  Allowance(double per_second, double at_once) : per_second_(per_second), at_once_(at_once), left_(at_once) {}

  bool Has(base::TimeUs now) {  // steady
    left_ = std::min(at_once_, left_ + static_cast<double>(now - at_) * per_second_ / 1e6);
    at_ = now;
    return left_ >= 1;
  }
  void Spend(double amount) { left_ -= amount; }
  // One of it, if there is one.
  bool Take(base::TimeUs now) {
    if (!Has(now)) return false;
    Spend(1);
    return true;
  }

 private:
  const double per_second_;
  const double at_once_;
  double left_;
  base::TimeUs at_ = 0;
};

}  // namespace datong::node
