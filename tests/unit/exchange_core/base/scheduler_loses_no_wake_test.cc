// SPDX-License-Identifier: Apache-2.0
// Workers run until they finish, sleep when idle, and a wake that falls between a step's answer and the sleep is not
// lost.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <latch>
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
    item % 2 == 0 ? scheduler->WakeAll() : scheduler->Wake(worker);
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

TEST_CASE("only the worker that is meant is stepped, and one that is not here is nobody's concern") {
  auto scheduler = NewThreadScheduler(SystemClock());
  Consumer meant, other, absent;
  scheduler->Add(meant);
  scheduler->Add(other);
  for (Consumer* const worker : {&meant, &other}) {
    worker->Produce();
    scheduler->Wake(*worker);
    worker->AwaitConsumed(1);
  }
  scheduler->Remove(other);
  scheduler->Add(other);
  for (uint64_t item = 2; item <= 500; ++item) {
    meant.Produce();
    scheduler->Wake(meant);
    scheduler->Wake(absent);
    meant.AwaitConsumed(item);
  }
  scheduler->StopAll();
  CHECK(meant.steps() >= 500);
  CHECK(other.steps() <= 5);  // as it was added, as it was woken, as it was added again
  CHECK(absent.steps() == 0);
}

// Waits in its step until so many others do.
class Meeting final : public Worker {
 public:
  explicit Meeting(std::latch& all) : all_(all) {}
  std::string_view Name() const override { return "meeting"; }
  StepResult Step() override {
    all_.arrive_and_wait();
    return StepResult::Finished();
  }

 private:
  std::latch& all_;
};

TEST_CASE("whatever a step waits for, it holds up no other worker") {
  auto scheduler = NewThreadScheduler(SystemClock());
  constexpr int kWorkers = 100;
  std::latch all(kWorkers + 1);
  std::deque<Meeting> workers;
  for (int i = 0; i < kWorkers; ++i) scheduler->Add(workers.emplace_back(all));
  all.arrive_and_wait();  // with fewer threads than workers this would never return
  scheduler->StopAll();
}

// Stays in its step until it is let go, and says when it is through.
class Lingering final : public Worker {
 public:
  std::string_view Name() const override { return "lingering"; }
  StepResult Step() override {
    if (!through) entered.count_down();
    let_go.wait();
    through = true;
    return StepResult::Busy();
  }
  std::latch entered{1}, let_go{1};
  std::atomic<bool> through{false};
};

TEST_CASE("who is removed in the middle of a step ends it first, and is woken in vain") {
  auto scheduler = NewThreadScheduler(SystemClock());
  Lingering worker;
  scheduler->Add(worker);
  worker.entered.wait();
  scheduler->Wake(worker);
  std::thread remover([&] {
    scheduler->Remove(worker);
    CHECK(worker.through);
  });
  worker.let_go.count_down();
  remover.join();
  scheduler->Wake(worker);
}

}  // namespace
}  // namespace datong::base
