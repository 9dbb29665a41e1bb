// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "exchange_core/base/check.h"

namespace datong::runner {

// A job on its way from a runner to a worker beside it and back, one at a time. Neither side works or wakes the other
// under the lock.
template <typename Job>
class HandOver {
 public:
  // --- the runner's side: one thread ---
  bool AtWork() const { return at_work_; }  // from Give until it was taken back
  void Give(std::unique_ptr<Job> job) {     // not while at work
    DATONG_CHECK(!at_work_);
    at_work_ = true;
    const std::lock_guard lock(mutex_);
    given_ = std::move(job);
  }
  std::unique_ptr<Job> TakeBack() {  // null: it is not done, or there is none
    const std::lock_guard lock(mutex_);
    if (done_ != nullptr) at_work_ = false;
    return std::move(done_);
  }

  // --- the worker's side ---
  std::unique_ptr<Job> Take() {  // null: there is none
    const std::lock_guard lock(mutex_);
    return std::move(given_);
  }
  void Return(std::unique_ptr<Job> job) {
    const std::lock_guard lock(mutex_);
    done_ = std::move(job);
  }

 private:
  bool at_work_ = false;  // the runner's

  std::mutex mutex_;
  std::unique_ptr<Job> given_, done_;  // guarded by mutex_
};

}  // namespace datong::runner
