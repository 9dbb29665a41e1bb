// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/clock.h"

#include <ctime>

namespace datong::base {
namespace {

class MachineClock final : public Clock {
 public:
  TimeUs Now() override { return Read(CLOCK_REALTIME); }
  TimeUs Steady() override { return Read(CLOCK_MONOTONIC); }

 private:
  static TimeUs Read(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<TimeUs>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
  }
};

}  // namespace

Clock& SystemClock() {
  static MachineClock clock;
  return clock;
}

}  // namespace datong::base
