// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "exchange_core/base/scheduler.h"

namespace datong::tests {

// Steps workers in turn on the caller's thread: nothing moves unless the test says so.
class ManualScheduler final : public base::Scheduler {
 public:
  void Add(base::Worker& worker) override { workers_.push_back(&worker); }
  void Remove(base::Worker& worker) override {
    workers_.erase(std::remove(workers_.begin(), workers_.end(), &worker), workers_.end());
  }
  void Wake(base::Worker&) override {}
  void WakeAll() override {}
  void StopAll() override { workers_.clear(); }

  // One step of each worker; true when one of them was busy.
  bool StepEach() {
    bool busy = false;
    for (base::Worker* worker : std::vector<base::Worker*>(workers_)) {
      busy |= worker->Step().kind == base::StepResult::Kind::kBusy;
    }
    return busy;
  }
  void RunUntilIdle() {
    while (StepEach()) {
    }
  }

 private:
  std::vector<base::Worker*> workers_;
};

}  // namespace datong::tests
