// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "exchange_core/base/file_system.h"

namespace datong::file {

// A sink's directory says itself what it holds, in sink.json, from before its first part on: the positions in the names
// of the parts mean nothing for another subscription, and a state written in another form is not gone on with.
struct SinkLabel {
  std::string subscription;  // for people
  std::string identity;      // sdk::SinkContent::identity
  std::string layout;        // form, format, encoding, byte order mark
};

// nullopt: the directory has none. DataLoss: it cannot be read as one.
absl::StatusOr<std::optional<SinkLabel>> ReadSinkLabel(base::FileSystem& files, const std::string& directory);
// Survives a power cut when OK.
absl::Status WriteSinkLabel(base::FileSystem& files, const std::string& directory, const SinkLabel& label);

}  // namespace datong::file
