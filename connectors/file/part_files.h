// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/sink_connector.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/step_observer.h"

namespace datong::file {

// The files of a sink's directory: <kind>-<position><ending>, complete as soon as they have that name.
class PartFiles {
 public:
  // `kind`: "changes" or "state"; `ending`: ".csv" or ".jsonl".
  PartFiles(std::string directory, std::string kind, std::string ending, base::FileSystem& files,
            base::StepObserver& observer);

  // Whether the directory holds parts of any kind, in any format. The directory exists.
  absl::StatusOr<bool> HoldsAnyKind();
  // Creates the directory, removes what a crash left half-written, and finds the highest position ("" = none).
  absl::Status Open(std::string& position);
  // Stores the refusals, then the part. When this is OK both survive a power cut; when it is not, the same call may be
  // repeated.
  absl::Status Write(const std::string& position, std::string_view content,
                     const std::vector<sdk::SinkState::Refusal>& refused);
  absl::StatusOr<std::vector<sdk::SinkState::Refusal>> ReadRefused(const std::string& position);
  // Removes parts of other positions than this one.
  absl::Status RemoveOthers(const std::string& position);
  std::string PathOf(const std::string& position) const;

 private:
  absl::Status WriteRefused(const std::string& position, const std::vector<sdk::SinkState::Refusal>& refused);
  std::optional<std::string> PositionIn(const std::string& name) const;
  std::string RefusedPath(const std::string& position) const;
  absl::Status WriteSynced(const std::string& path, std::string_view content);

  const std::string directory_, kind_, ending_;
  base::FileSystem& files_;
  base::StepObserver& observer_;
};

// What may stand in a file's name: letters, digits, - and _.
bool IsPositionName(std::string_view position);

}  // namespace datong::file
