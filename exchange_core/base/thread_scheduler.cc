// SPDX-License-Identifier: Apache-2.0
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/scheduler.h"

namespace datong::base {
namespace {

using SteadyClock = std::chrono::steady_clock;

// As long as there are fewer threads, a worker that is ready never waits for one.
constexpr size_t kThreadsAtOnce = 32;
// Beyond that, one more whenever a worker has been ready for so long: those that there are wait for disks and networks.
constexpr std::chrono::milliseconds kReadyMax(10);
// Longest sleep towards a wake_at. An injected clock may move otherwise than our sleep; this is how soon we notice.
constexpr TimeUs kNapMax = 1'000'000;

// Threads take ready workers in turn, a step each. Ten thousand connectors with nothing to do are ten thousand entries
// in a set, not as many sleeping threads; and whatever a step waits for, it holds up the others for moments only,
// because threads are added until there is one for each that waits. They are kept.
class ThreadScheduler final : public Scheduler {
 public:
  explicit ThreadScheduler(Clock& clock) : clock_(clock), timekeeper_([this] { KeepTime(); }) {}

  ~ThreadScheduler() override {
    StopAll();
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
      for (Thread* const one : parked_) one->called.notify_one();
      time_changed_.notify_one();
    }
    timekeeper_.join();
    for (const auto& one : threads_) one->thread.join();
  }

  void Add(Worker& worker) override {
    const std::lock_guard lock(mutex_);
    const auto [it, is_new] = entries_.try_emplace(&worker, std::make_unique<Entry>(worker));
    DATONG_CHECK(is_new);
    MakeReady(*it->second);
  }

  void Remove(Worker& worker) override {
    std::unique_lock lock(mutex_);
    const auto it = entries_.find(&worker);
    if (it == entries_.end()) return;
    const std::unique_ptr<Entry> entry = std::move(it->second);
    entries_.erase(it);
    Withdraw(*entry);
    step_ended_.wait(lock, [&] { return !entry->IsRunning(); });
  }

  void Wake(Worker& worker) override {
    const std::lock_guard lock(mutex_);
    if (const auto it = entries_.find(&worker); it != entries_.end()) WakeEntry(*it->second);
  }

  void WakeAll() override {
    const std::lock_guard lock(mutex_);
    for (const auto& [worker, entry] : entries_) WakeEntry(*entry);
  }

  void StopAll() override {
    std::unique_lock lock(mutex_);
    Entries entries;
    entries.swap(entries_);
    for (const auto& [worker, entry] : entries) Withdraw(*entry);
    step_ended_.wait(lock, [&] {
      return std::none_of(entries.begin(), entries.end(), [](const auto& one) { return one.second->IsRunning(); });
    });
  }

 private:
  enum class State { kIdle, kReady, kRunning, kRunningAndWoken, kFinished };

  struct Entry {
    explicit Entry(Worker& w) : worker(w) {}
    bool IsRunning() const { return state == State::kRunning || state == State::kRunningAndWoken; }

    Worker& worker;
    State state = State::kIdle;
    bool withdrawn = false;  // not stepped again
    TimeUs wake_at = 0;      // kIdle: it stands in timers_ under this; 0: it does not
    SteadyClock::time_point ready_since;
    std::thread::id runs_on;
  };
  using Entries = absl::flat_hash_map<Worker*, std::unique_ptr<Entry>>;

  struct Thread {
    std::condition_variable called;
    bool is_called = false;
    std::thread thread;
  };

  // --- all of these with mutex_ held ---

  void MakeReady(Entry& entry) {
    entry.state = State::kReady;
    entry.ready_since = SteadyClock::now();
    ready_.push_back(&entry);
    if (!parked_.empty()) {  // the last that went: its stack is warm
      parked_.back()->is_called = true;
      parked_.back()->called.notify_one();
      parked_.pop_back();
    } else if (threads_.size() < kThreadsAtOnce) {
      AddThread();
    } else if (!watches_) {
      time_changed_.notify_one();
    }
  }

  void WakeEntry(Entry& entry) {
    if (entry.state == State::kRunning) entry.state = State::kRunningAndWoken;
    if (entry.state != State::kIdle) return;
    StopTimer(entry);
    MakeReady(entry);
  }

  void StopTimer(Entry& entry) {
    if (entry.wake_at != 0) timers_.erase({entry.wake_at, &entry});
    entry.wake_at = 0;
  }

  void Withdraw(Entry& entry) {
    // A worker that removes itself would wait for the end of its own step for ever; it returns Finished instead.
    DATONG_CHECK(!entry.IsRunning() || entry.runs_on != std::this_thread::get_id());
    entry.withdrawn = true;
    StopTimer(entry);
    if (entry.state == State::kReady) {
      ready_.erase(std::find(ready_.begin(), ready_.end(), &entry));
      entry.state = State::kIdle;
    }
  }

  void AddThread() {
    threads_.push_back(std::make_unique<Thread>());
    Thread& added = *threads_.back();
    added.thread = std::thread([this, &added] { Work(added); });
  }

  void EndStep(Entry& entry, const StepResult& result) {
    const bool woken = entry.state == State::kRunningAndWoken;
    if (entry.withdrawn) {
      entry.state = State::kFinished;
      step_ended_.notify_all();
    } else if (result.kind == StepResult::Kind::kFinished) {
      entry.state = State::kFinished;
    } else if (woken || result.kind == StepResult::Kind::kBusy) {
      // Behind the others; this thread comes for the next one at once, so that nobody needs to be called.
      entry.state = State::kReady;
      entry.ready_since = SteadyClock::now();
      ready_.push_back(&entry);
    } else {
      entry.state = State::kIdle;
      entry.wake_at = result.wake_at;
      if (result.wake_at == 0) return;
      const auto timer = timers_.emplace(result.wake_at, &entry).first;
      if (timer == timers_.begin()) time_changed_.notify_one();
    }
  }

  // --- what threads do ---

  void Work(Thread& self) {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      if (ready_.empty()) {
        self.is_called = false;
        parked_.push_back(&self);
        self.called.wait(lock, [&] { return self.is_called || ends_; });
        continue;
      }
      Entry& entry = *ready_.front();
      ready_.pop_front();
      entry.state = State::kRunning;
      entry.runs_on = std::this_thread::get_id();
      lock.unlock();
      const StepResult result = entry.worker.Step();
      lock.lock();
      EndStep(entry, result);
    }
  }

  void KeepTime() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      const TimeUs now = clock_.Steady();
      while (!timers_.empty() && timers_.begin()->first <= now) {
        Entry& due = *timers_.begin()->second;
        StopTimer(due);
        MakeReady(due);
      }
      watches_ = !ready_.empty();
      if (watches_ && SteadyClock::now() - ready_.front()->ready_since >= kReadyMax &&
          threads_.size() < entries_.size()) {
        AddThread();
      }
      std::chrono::microseconds nap(timers_.empty() ? kNapMax : std::min(timers_.begin()->first - now, kNapMax));
      if (watches_) nap = std::min<std::chrono::microseconds>(nap, kReadyMax);
      time_changed_.wait_for(lock, nap);
    }
  }

  Clock& clock_;
  std::mutex mutex_;
  // Guarded by mutex_:
  Entries entries_;
  std::deque<Entry*> ready_;
  std::set<std::pair<TimeUs, Entry*>> timers_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Thread*> parked_;
  std::condition_variable step_ended_;    // of a worker that is withdrawn
  std::condition_variable time_changed_;  // the timekeeper's
  bool watches_ = false;                  // the timekeeper looks every moment whether threads are missing
  bool ends_ = false;

  std::thread timekeeper_;  // last: it uses the others
};

}  // namespace

std::unique_ptr<Scheduler> NewThreadScheduler(Clock& clock) { return std::make_unique<ThreadScheduler>(clock); }

}  // namespace datong::base
