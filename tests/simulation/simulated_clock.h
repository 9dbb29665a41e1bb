// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exchange_core/base/clock.h"

namespace datong::simulation {

// The wall clock of the simulated machine: moves one microsecond with every look, and otherwise when told to, also
// back. What was lived through is counted apart from what the clock was made to say.
class SimulatedClock final : public base::Clock {
 public:
  base::TimeUs Now() override {
    ++lived_;
    return ++now_;
  }
  base::TimeUs Steady() override { return ++lived_; }
  // Time passes.
  void Pass(base::TimeUs by) {
    now_ += by;
    lived_ += by;
  }
  // Somebody sets the clock.
  void Jump(base::TimeUs by) { now_ += by; }
  base::TimeUs lived() const { return lived_; }

 private:
  base::TimeUs now_ = base::TimeUs{1'700'000'000} * 1'000'000;
  base::TimeUs lived_ = 1;
};

}  // namespace datong::simulation
