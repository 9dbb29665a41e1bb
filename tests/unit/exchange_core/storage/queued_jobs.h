// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <thread>
#include <utility>

#include "exchange_core/storage/background_jobs.h"

namespace datong::storage {

// Jobs that run when the test says so; all on the test's own thread.
class QueuedJobs final : public BackgroundJobs {
 public:
  void Schedule(uint64_t tag, std::function<void()> job, std::function<void()> unschedule) override {
    CHECK(std::this_thread::get_id() == thread_);
    queue_.push_back({tag, std::move(job), std::move(unschedule)});
  }
  int Unschedule(uint64_t tag) override {
    int count = 0;
    for (auto next = queue_.begin(); next != queue_.end();) {
      const auto job = next++;
      if (job->tag != tag) continue;
      const std::function<void()> unschedule = std::move(job->unschedule);
      queue_.erase(job);
      if (unschedule) unschedule();
      ++count;
    }
    return count;
  }
  bool RunOne() {
    if (queue_.empty()) return false;
    const std::function<void()> job = std::move(queue_.front().job);
    queue_.pop_front();
    job();
    return true;
  }
  size_t size() const { return queue_.size(); }

 private:
  struct Job {
    uint64_t tag;
    std::function<void()> job;
    std::function<void()> unschedule;
  };
  const std::thread::id thread_ = std::this_thread::get_id();
  std::list<Job> queue_;
};

}  // namespace datong::storage
