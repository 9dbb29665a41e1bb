// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "exchange_core/base/step_observer.h"

namespace datong::simulation {

// Counts the named steps of the production code and strikes at one of them.
class StepTrigger final : public base::StepObserver {
 public:
  // Calls `strike` when `step` is reached for the `nth` time from now.
  void Arm(std::string step, uint64_t nth, std::function<void()> strike) {
    armed_ = std::move(step);
    left_ = nth;
    strike_ = std::move(strike);
  }
  void Disarm() { left_ = 0; }

  void Reached(std::string_view step) override {
    ++reached_[std::string(step)];
    if (left_ == 0 || step != armed_ || --left_ != 0) return;
    ++struck_[armed_];
    strike_();
  }

  const std::map<std::string, uint64_t>& reached() const { return reached_; }
  const std::map<std::string, uint64_t>& struck() const { return struck_; }

 private:
  std::string armed_;
  uint64_t left_ = 0;  // 0: not armed
  std::function<void()> strike_;
  std::map<std::string, uint64_t> reached_, struck_;
};

}  // namespace datong::simulation
