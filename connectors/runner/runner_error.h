// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

#include "connectors/sdk/status.h"

namespace datong::runner {

// What stopped or delays a runner, for a person and for programs.
struct RunnerError {
  std::string code;     // stable, lower_snake; "" = none
  std::string message;  // what and where
  std::string hint;     // the next step
  bool retryable = false;

  static RunnerError From(const sdk::Status& status) {
    return {status.code(), status.message(), status.hint(), status.retryable()};
  }
  // What the exchange answered. Retryable: it is behind (ResourceExhausted) or away (Unavailable), or does not allow it
  // at this moment (PermissionDenied).
  static RunnerError From(const absl::Status& status);
  std::string Text() const { return code + ": " + message + (hint.empty() ? "" : " (" + hint + ")"); }
};

}  // namespace datong::runner
