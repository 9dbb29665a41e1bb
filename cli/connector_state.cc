// SPDX-License-Identifier: Apache-2.0
#include "cli/connector_state.h"

#include <absl/strings/str_cat.h>

namespace datong::cli {

std::string StateOf(const runner::SourceProgress& progress) {
  using State = runner::SourceProgress::State;
  const std::string failed_units =
      progress.units_failed == 0
          ? std::string()
          : absl::StrCat(", ", progress.units_failed, " failed, the last one: ", progress.unit_failure);
  switch (progress.state) {
    case State::kFailed:
      return "failed: " + progress.error.Text();
    case State::kFinished:
      return absl::StrCat("finished: ", progress.units_complete, " files, ", progress.rows_published, " rows",
                          failed_units);
    case State::kWaiting:
      if (!progress.error.code.empty()) return "waits: " + progress.error.Text();
      return absl::StrCat("idle: ", progress.units_complete, " files, ", progress.rows_published, " rows",
                          failed_units);
    case State::kRunning:
      return progress.unit.empty() ? "" : "reads " + progress.unit + failed_units;
  }
  return "";
}

std::string StateOf(const runner::SinkProgress& progress) {
  using State = runner::SinkProgress::State;
  if (progress.state == State::kFailed) return "failed: " + progress.error.Text();
  if (progress.state == State::kWaiting && !progress.error.code.empty()) return "waits: " + progress.error.Text();
  return "works";
}

}  // namespace datong::cli
