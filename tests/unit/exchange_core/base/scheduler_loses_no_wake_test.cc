// SPDX-License-Identifier: Apache-2.0
// Workers run until they finish, sleep when idle, and a wake that falls between a step's answer and the sleep is not
// lost.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "exchange_core/base/scheduler.h"

namespace datong::base {
namespace {

// Consumes what is produced; idle when there is nothing. Each item is produced only after the one before was consumed,
// so a lost wake would leave both sides waiting for ever.
class Consumer final : public Worker {
 public:
  std::string_view Name() const override { return "consumer"; }

  StepResult Step() override {
    steps_.fetch_add(1);
    const uint64_t produced = produced_.load();
    if (consumed_.load() == produced) return StepResult::Idle();
    {
      const std::lock_guard lock(mutex_);
      consumed_.store(produced);
    }
    changed_.notify_all();
    return StepResult::Busy();
  }

  void Produce() { produced_.fetch_add(1); }
  void AwaitConsumed(uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return consumed_.load() >= count; });
  }
  int steps() const { return steps_.load(); }

 private:
  std::atomic<uint64_t> produced_{0};
  std::atomic<uint64_t> consumed_{0};
  std::atomic<int> steps_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

class Counting final : public Worker {
 public:
  explicit Counting(StepResult then, int until) : then_(then), until_(until) {}
  std::string_view Name() const override { return "counting"; }
  StepResult Step() override {
    if (steps_.fetch_add(1) + 1 < until_) return then_;
    done_.store(true);
    done_.notify_all();
    return StepResult::Finished();
  }
  void AwaitDone() { done_.wait(false); }
  int steps() const { return steps_.load(); }

 private:
  const StepResult then_;
  const int until_;
  std::atomic<int> steps_{0};
  std::atomic<bool> done_{false};
};

TEST_CASE("no wake is lost between an idle answer and the sleep") {
  auto scheduler = NewThreadScheduler(SystemClock());
  Consumer workers[3];
  for (auto& worker : workers) scheduler->Add(worker);
  for (uint64_t item = 1; item <= 2000; ++item) {
    Consumer& worker = workers[item % 3];
    worker.Produce();
    scheduler->WakeAll();
    worker.AwaitConsumed((item + (item % 3 == 0 ? 0 : 3 - item % 3)) / 3);
  }
  scheduler->StopAll();
}

TEST_CASE("a finished worker is never stepped again, and a busy one needs no wake") {
  auto scheduler = NewThreadScheduler(SystemClock());
  Counting worker(StepResult::Busy(), 100);
  scheduler->Add(worker);
  worker.AwaitDone();
  scheduler->WakeAll();
  scheduler->Remove(worker);
  CHECK(worker.steps() == 100);
}

TEST_CASE("a time to wake at is kept without any wake, and one in the past does not wait") {
  auto scheduler = NewThreadScheduler(SystemClock());
  Counting soon(StepResult::IdleUntil(SystemClock().Steady() + 1000), 3);
  Counting past(StepResult::IdleUntil(1), 3);
  scheduler->Add(soon);
  scheduler->Add(past);
  soon.AwaitDone();
  past.AwaitDone();
}

TEST_CASE("stopping wakes the sleepers and returns with nobody inside a step") {
  auto scheduler = NewThreadScheduler(SystemClock());
  Consumer idle;
  Counting waiting(StepResult::IdleUntil(SystemClock().Steady() + 3'600'000'000), 1000);
  scheduler->Add(idle);
  scheduler->Add(waiting);
  scheduler->Remove(idle);
  const int steps = idle.steps();
  scheduler->WakeAll();
  scheduler->StopAll();
  CHECK(idle.steps() == steps);
}

}  // namespace
}  // namespace datong::base
