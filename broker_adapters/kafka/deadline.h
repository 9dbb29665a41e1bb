// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "exchange_core/base/clock.h"

namespace datong::kafka {

// How long something in the cluster is still waited for.
class Deadline {
 public:
  Deadline(base::Clock& clock, base::TimeUs wait) : clock_(clock), end_(clock.Steady() + wait) {}

  bool Passed() { return clock_.Steady() >= end_; }
  int LeftMs() { return static_cast<int>(std::clamp<base::TimeUs>((end_ - clock_.Steady()) / 1000, 1, 1'000'000)); }

  // A pause before the cluster is asked again, longer each time: it says nothing by itself when something becomes true.
  void Pause() {
    std::this_thread::sleep_for(std::chrono::microseconds(pause_));
    pause_ = std::min<base::TimeUs>(pause_ * 2, 20'000);
  }

 private:
  base::Clock& clock_;
  const base::TimeUs end_;
  base::TimeUs pause_ = 500;
};

}  // namespace datong::kafka
