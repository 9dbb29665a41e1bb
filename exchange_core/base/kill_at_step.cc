// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/kill_at_step.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "exchange_core/base/absl_view.h"

namespace datong::base {
namespace {

class KillAtStep final : public StepObserver {
 public:
  KillAtStep(std::string step, uint64_t times) : step_(std::move(step)), left_(static_cast<int64_t>(times)) {}

  void Reached(std::string_view step) override {
    if (step != step_ || left_.fetch_sub(1) != 1) return;
    const std::string report = absl::StrCat("struck ", step_, "\n");
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, report.data(), report.size());
    kill(getpid(), SIGKILL);
  }

 private:
  const std::string step_;
  std::atomic<int64_t> left_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StepObserver>> NewKillAtStep(std::string_view spec) {
  const size_t colon = spec.rfind(':');
  uint64_t times = 0;
  if (colon == std::string_view::npos || colon == 0 || !absl::SimpleAtoi(Absl(spec.substr(colon + 1)), &times) ||
      times == 0) {
    return absl::InvalidArgumentError(absl::StrCat("\"", Absl(spec), "\" is not <step>:<n> with n from 1 on"));
  }
  return std::make_unique<KillAtStep>(std::string(spec.substr(0, colon)), times);
}

}  // namespace datong::base
