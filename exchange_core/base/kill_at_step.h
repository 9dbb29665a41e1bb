// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string_view>

#include "exchange_core/base/step_observer.h"

namespace datong::base {

// For crash tests of the real binary: `spec` is "<step>:<n>"; when that step is reached for the n-th time the process
// writes "struck <step>" to standard error and kills itself with SIGKILL, as the machine's owner might. InvalidArgument
// when the spec does not read so.
absl::StatusOr<std::unique_ptr<StepObserver>> NewKillAtStep(std::string_view spec);

}  // namespace datong::base
