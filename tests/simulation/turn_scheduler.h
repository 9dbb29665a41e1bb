// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/storage/background_jobs.h"

namespace datong::simulation {

// Runs all workers of the production code, and the row store's own jobs, in turns on the caller's thread. Whose turn it
// is, chance decides.
class TurnScheduler final : public base::Scheduler, public storage::BackgroundJobs {
 public:
  explicit TurnScheduler(base::Clock& clock) : clock_(clock) {}

  // One step of one worker that has something to do. False: all wait; then next_wake() says until when, 0 = for ever.
  bool StepOne(base::RandomSource& random);
  base::TimeUs next_wake() const;
  // Called before each step.
  void SetBeforeStep(std::function<void(base::Worker&)> before_step) { before_step_ = std::move(before_step); }
  uint64_t steps() const { return steps_; }

  // --- base::Scheduler ---
  void Add(base::Worker& worker) override;
  void Remove(base::Worker& worker) override;
  void Wake(base::Worker& worker) override;
  void WakeAll() override;
  void StopAll() override { turns_.clear(); }

  // --- storage::BackgroundJobs ---
  void Schedule(uint64_t tag, std::function<void()> job, std::function<void()> unschedule) override;
  int Unschedule(uint64_t tag) override;

 private:
  struct Turn {
    base::Worker* worker;
    bool ready = true;
    base::TimeUs wake_at = 0;
  };
  struct Job {
    uint64_t tag;
    std::function<void()> job, unschedule;
  };

  base::Clock& clock_;
  std::vector<Turn> turns_;
  std::deque<Job> jobs_;
  std::function<void(base::Worker&)> before_step_;
  uint64_t steps_ = 0;
};

}  // namespace datong::simulation
