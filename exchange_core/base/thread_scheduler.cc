// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/scheduler.h"

namespace datong::base {
namespace {

// Longest sleep towards a wake_at. An injected clock may move otherwise than our sleep; this is how soon we notice.
constexpr TimeUs kNapMax = 1'000'000;

// One wake-up shared by all idle workers. A waiter notes the count before it looks for work; any wake after that moment
// changes the count, so it cannot be missed. Waking costs one atomic addition while nobody sleeps.
class WakeCount {
 public:
  uint64_t Now() const { return count_.load(); }

  void Wake() {
    count_.fetch_add(1);
    if (sleepers_.load() == 0) return;
    { const std::lock_guard lock(mutex_); }  // a sleeper between its last look and its wait holds this
    changed_.notify_all();
  }

  // Returns once the count differs from `seen`, or `stop` is set, or after `nap` (0 = no limit).
  void Sleep(uint64_t seen, const std::atomic<bool>& stop, TimeUs nap) {
    std::unique_lock lock(mutex_);
    sleepers_.fetch_add(1);
    const auto woken = [&] { return count_.load() != seen || stop.load(); };
    if (nap == 0) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_for(lock, std::chrono::microseconds(nap), woken);
    }
    sleepers_.fetch_sub(1);
  }

 private:
  std::atomic<uint64_t> count_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

class ThreadScheduler final : public Scheduler {
 public:
  explicit ThreadScheduler(Clock& clock) : clock_(clock) {}
  ~ThreadScheduler() override { StopAll(); }

  void Add(Worker& worker) override {
    auto runner = std::make_unique<Runner>(worker);
    runner->thread = std::thread([this, r = runner.get()] { Run(*r); });
    const std::lock_guard lock(mutex_);
    runners_.push_back(std::move(runner));
  }

  void Remove(Worker& worker) override {
    std::vector<std::unique_ptr<Runner>> removed;
    {
      const std::lock_guard lock(mutex_);
      const auto it =
          std::find_if(runners_.begin(), runners_.end(), [&](const auto& r) { return &r->worker == &worker; });
      if (it == runners_.end()) return;
      removed.push_back(std::move(*it));
      runners_.erase(it);
    }
    Stop(removed);
  }

  void WakeAll() override { wake_.Wake(); }

  void StopAll() override {
    std::vector<std::unique_ptr<Runner>> removed;
    {
      const std::lock_guard lock(mutex_);
      removed.swap(runners_);
    }
    Stop(removed);
  }

 private:
  struct Runner {
    explicit Runner(Worker& w) : worker(w) {}
    Worker& worker;
    std::atomic<bool> stop{false};
    std::thread thread;
  };

  void Run(Runner& runner) {
    while (!runner.stop.load()) {
      const uint64_t seen = wake_.Now();
      const StepResult result = runner.worker.Step();
      if (result.kind == StepResult::Kind::kFinished) return;
      if (result.kind == StepResult::Kind::kBusy) continue;
      SleepUntil(result.wake_at, seen, runner.stop);
    }
  }

  void SleepUntil(TimeUs wake_at, uint64_t seen, const std::atomic<bool>& stop) {
    if (wake_at == 0) return wake_.Sleep(seen, stop, 0);
    while (!stop.load() && wake_.Now() == seen) {
      const TimeUs left = wake_at - clock_.Steady();
      if (left <= 0) return;
      wake_.Sleep(seen, stop, std::min(left, kNapMax));
    }
  }

  void Stop(std::vector<std::unique_ptr<Runner>>& removed) {
    for (auto& runner : removed) {
      // A worker that removes itself would wait for the end of its own step for ever; it returns Finished instead.
      DATONG_CHECK(runner->thread.get_id() != std::this_thread::get_id());
      runner->stop.store(true);
    }
    if (!removed.empty()) wake_.Wake();
    for (auto& runner : removed) runner->thread.join();
  }

  Clock& clock_;
  WakeCount wake_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Runner>> runners_;
};

}  // namespace

std::unique_ptr<Scheduler> NewThreadScheduler(Clock& clock) { return std::make_unique<ThreadScheduler>(clock); }

}  // namespace datong::base
