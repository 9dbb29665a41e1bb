// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/random.h"

namespace datong::runner {

// Growing pauses with jitter, from 100 ms to 30 s: many connectors that lost one exchange don't come back in step.
// Not thread-safe.
class BackOff {
 public:
  explicit BackOff(base::RandomSource& random) : random_(random) {}

  // How long to wait after one more failure: between half and all of the present pause.
  base::TimeUs Next() {
    const base::TimeUs pause = pause_;
    pause_ = std::min(2 * pause_, kPauseMax);
    return pause / 2 + static_cast<base::TimeUs>(random_.Below(static_cast<uint64_t>(pause / 2) + 1));
  }
  void Reset() { pause_ = kPauseMin; }

 private:
  static constexpr base::TimeUs kPauseMin = 100'000;
  static constexpr base::TimeUs kPauseMax = 30'000'000;
  base::RandomSource& random_;
  base::TimeUs pause_ = kPauseMin;
};

}  // namespace datong::runner
