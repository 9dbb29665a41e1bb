// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace datong::kafka {

// Who is told of commits. Thread-safe; the listener is called without the lock.
class CommitListener {
 public:
  void Set(std::function<void()> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }
  void Tell() {
    std::function<void()> listener;
    {
      const std::lock_guard lock(mutex_);
      listener = listener_;
    }
    if (listener) listener();
  }

 private:
  std::mutex mutex_;
  std::function<void()> listener_;  // guarded by mutex_
};

}  // namespace datong::kafka
