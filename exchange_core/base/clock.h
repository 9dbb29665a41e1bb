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
};

// The machine's clock. Lives as long as the process.
Clock& SystemClock();

}  // namespace datong::base
