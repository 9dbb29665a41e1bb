// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/turn_scheduler.h"

#include <algorithm>

namespace datong::simulation {

bool TurnScheduler::StepOne(base::RandomSource& random) {
  const base::TimeUs now = clock_.Steady();
  std::vector<base::Worker*> ready;
  for (Turn& turn : turns_) {
    if (turn.wake_at != 0 && turn.wake_at <= now) turn.ready = true;
    if (turn.ready) ready.push_back(turn.worker);
  }
  const size_t choices = ready.size() + (jobs_.empty() ? 0 : 1);
  if (choices == 0) return false;
  ++steps_;
  const size_t choice = random.Below(choices);
  if (choice == ready.size()) {
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    job.job();
    return true;
  }
  base::Worker* const worker = ready[choice];
  if (before_step_) before_step_(*worker);
  // Woken while it works means once more: the flag is taken before.
  const auto turn_of = [&] {
    return std::find_if(turns_.begin(), turns_.end(), [&](const Turn& turn) { return turn.worker == worker; });
  };
  turn_of()->ready = false;
  turn_of()->wake_at = 0;
  const base::StepResult result = worker->Step();
  const auto turn = turn_of();
  if (turn == turns_.end()) return true;  // removed by its own step
  switch (result.kind) {
    case base::StepResult::Kind::kBusy:
      turn->ready = true;
      break;
    case base::StepResult::Kind::kIdle:
      turn->wake_at = result.wake_at;
      break;
    case base::StepResult::Kind::kFinished:
      turns_.erase(turn);
      break;
  }
  return true;
}

base::TimeUs TurnScheduler::next_wake() const {
  base::TimeUs next = 0;
  for (const Turn& turn : turns_) {
    if (turn.wake_at != 0 && (next == 0 || turn.wake_at < next)) next = turn.wake_at;
  }
  return next;
}

void TurnScheduler::Add(base::Worker& worker) { turns_.push_back({&worker}); }

void TurnScheduler::Remove(base::Worker& worker) {
  std::erase_if(turns_, [&](const Turn& turn) { return turn.worker == &worker; });
}

void TurnScheduler::Wake(base::Worker& worker) {
  for (Turn& turn : turns_) turn.ready |= turn.worker == &worker;
}

void TurnScheduler::WakeAll() {
  for (Turn& turn : turns_) turn.ready = true;
}

void TurnScheduler::Schedule(uint64_t tag, std::function<void()> job, std::function<void()> unschedule) {
  jobs_.push_back({tag, std::move(job), std::move(unschedule)});
}

int TurnScheduler::Unschedule(uint64_t tag) {
  int count = 0;
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (job->tag != tag) {
      ++job;
      continue;
    }
    if (job->unschedule) job->unschedule();
    job = jobs_.erase(job);
    ++count;
  }
  return count;
}

}  // namespace datong::simulation
