// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "exchange_core/base/clock.h"

namespace datong::base {

// What one step of work came to.
struct StepResult {
  enum class Kind {
    kBusy,      // did something: call again soon
    kIdle,      // nothing to do until woken or until wake_at
    kFinished,  // never call again
  };
  Kind kind = Kind::kIdle;
  TimeUs wake_at = 0;  // kIdle: also call at this time of Clock::Steady(); 0 = only when woken

  static StepResult Busy() { return {Kind::kBusy, 0}; }
  static StepResult Idle() { return {Kind::kIdle, 0}; }
  static StepResult IdleUntil(TimeUs when) { return {Kind::kIdle, when}; }
  static StepResult Finished() { return {Kind::kFinished, 0}; }
};

// A piece of the exchange that works in bounded steps: a lane, a running connector, retention. A step never waits for
// another worker, so that all of them can also run in turn on one thread (that is how the simulator runs the production
// code).
class Worker {
 public:
  virtual ~Worker() = default;
  virtual std::string_view Name() const = 0;
  // Called by one thread at a time.
  virtual StepResult Step() = 0;
};

// Runs workers. Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // Starts stepping `worker`, which must stay alive until Remove(worker) or StopAll() has returned.
  virtual void Add(Worker& worker) = 0;
  // Returns when the worker is not inside a step and will not be stepped again.
  virtual void Remove(Worker& worker) = 0;
  // Something happened that `worker` waits for: if it is idle, or about to be, it is stepped once more. One that is not
  // here (any longer) is nobody's concern.
  virtual void Wake(Worker& worker) = 0;
  // Something happened that concerns everybody: another catalog. Not for every commit: there may be thousands.
  virtual void WakeAll() = 0;
  virtual void StopAll() = 0;
};

// Threads that take turns; at any moment there is one for each worker that works or waits for something in its step, or
// there will be within moments.
std::unique_ptr<Scheduler> NewThreadScheduler(Clock& clock);

}  // namespace datong::base
