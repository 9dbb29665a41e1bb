// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace datong::base {

// Microseconds since 1970-01-01T00:00:00Z. The one unit of time in everything stored or sent.
using TimeUs = int64_t;

// The wall clock, as an input. Nothing in the project calls the system clock directly: what a clock says is recorded
// once (a batch's receive time, an entry's commit time) and from then on only the record counts. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeUs Now() = 0;
  // Time that passes, from a start of its own: nobody sets it and it never goes back. For pauses and time limits, which
  // must not last an hour longer because somebody put the clock right. The default serves clocks that are never set.
  virtual TimeUs Steady() { return Now(); }
};

// The machine's clock. Lives as long as the process.
Clock& SystemClock();

}  // namespace datong::base
