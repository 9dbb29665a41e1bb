// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace datong::node {

// Who wants to know when something is written into a topic of deliveries. Of ten thousand subscriptions a commit
// concerns a few. Thread-safe; a listener is called under the lock, so that none is called once it is removed: it must
// be quick, and may not come back here.
class DeliveryListeners {
 public:
  using Listener = std::function<void()>;

  // The number is for Remove.
  uint64_t Add(const std::vector<std::string>& topics, const Listener& listener) {
    const std::lock_guard lock(mutex_);
    ++last_;
    for (const std::string& topic : topics) by_topic_[topic].emplace(last_, listener);
    return last_;
  }

  void Remove(const std::vector<std::string>& topics, uint64_t number) {
    const std::lock_guard lock(mutex_);
    for (const std::string& topic : topics) {
      const auto it = by_topic_.find(topic);
      if (it == by_topic_.end()) continue;
      it->second.erase(number);
      if (it->second.empty()) by_topic_.erase(it);
    }
  }

  void Tell(const std::vector<std::string>& topics) {
    const std::lock_guard lock(mutex_);
    for (const std::string& topic : topics) {
      const auto it = by_topic_.find(topic);
      if (it == by_topic_.end()) continue;
      for (const auto& [number, listener] : it->second) listener();
    }
  }

 private:
  std::mutex mutex_;
  // Guarded by mutex_:
  absl::flat_hash_map<std::string, std::map<uint64_t, Listener>> by_topic_;
  uint64_t last_ = 0;
};

}  // namespace datong::node
