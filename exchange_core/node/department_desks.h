// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "exchange_core/base/scheduler.h"
#include "exchange_core/node/department_desk.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// A desk for every department that may write into topics itself: opens those that a catalog change brings. A worker.
class DepartmentDesks final : public base::Worker {
 public:
  explicit DepartmentDesks(ExchangeState& state) : state_(state) {}

  std::string_view Name() const override { return "desks"; }
  base::StepResult Step() override;
  // No desk works any longer, and their sessions are gone. The last call, when Step() is not called any more.
  void Stop();
  std::vector<RequestBooks> books();  // thread-safe

 private:
  ExchangeState& state_;
  uint64_t version_ = 0;
  std::mutex mutex_;
  std::map<uint32_t, std::unique_ptr<DepartmentDesk>> desks_;  // by department; guarded by mutex_
};

}  // namespace datong::node
