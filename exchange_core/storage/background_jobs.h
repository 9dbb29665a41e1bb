// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace datong::storage {

// Who runs the flushes and compactions of row stores when RocksDB's own threads must not: a simulator runs them in turn
// on its one thread. Outlives every row store that was given it.
//
// A row store with such jobs never waits for one in a write, whatever piles up, and never sleeps; when a job runs is
// the implementer's choice, but no job may run after its row store was closed: closing unschedules what is left.
class BackgroundJobs {
 public:
  virtual ~BackgroundJobs() = default;
  // Keeps `job` to be called once, later: never from in here, because the caller holds the database's mutex. A job may
  // schedule more. `unschedule` takes its place when the job is given up; it may be empty.
  virtual void Schedule(uint64_t tag, std::function<void()> job, std::function<void()> unschedule) = 0;
  // Gives up every job of this very tag that has not begun, calls their `unschedule`, returns how many they were.
  virtual int Unschedule(uint64_t tag) = 0;
};

}  // namespace datong::storage
