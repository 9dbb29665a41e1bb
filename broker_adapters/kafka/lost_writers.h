// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "exchange_core/base/clock.h"

namespace datong::kafka {

// Which writers could not be opened, and were not opened since: what an operator sees of a coordinator of transactions
// that is away. Whoever loses a writer asks for it again at once, and again; one that nobody asks for any more is not
// lost, its work went to another process. Thread-safe.
class LostWriters {
 public:
  explicit LostWriters(base::Clock& clock) : clock_(clock) {}

  void Lost(const std::string& identity) {
    const std::lock_guard lock(mutex_);
    last_failed_[identity] = clock_.Steady();
  }
  void Opened(const std::string& identity) {
    const std::lock_guard lock(mutex_);
    last_failed_.erase(identity);
  }
  int Count() {
    const std::lock_guard lock(mutex_);
    const base::TimeUs since = clock_.Steady() - kAskedAgainWithinUs;
    std::erase_if(last_failed_, [&](const auto& one) { return one.second < since; });
    return static_cast<int>(last_failed_.size());
  }

 private:
  static constexpr base::TimeUs kAskedAgainWithinUs = 60'000'000;  // one try waits for 20 s

  base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, base::TimeUs> last_failed_;  // steady; guarded by mutex_
};

}  // namespace datong::kafka
