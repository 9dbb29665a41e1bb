// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// Who is told of commits. Thread-safe; the listener is called without the lock.
class ToldOfCommits {
 public:
  void Set(broker::Broker::CommitListener listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }
  void Tell(const std::vector<std::string>& topics_written) {
    broker::Broker::CommitListener listener;
    {
      const std::lock_guard lock(mutex_);
      listener = listener_;
    }
    if (listener) listener(topics_written);
  }

 private:
  std::mutex mutex_;
  broker::Broker::CommitListener listener_;  // guarded by mutex_
};

}  // namespace datong::kafka
