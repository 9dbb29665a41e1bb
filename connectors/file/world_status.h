// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "connectors/sdk/status.h"

namespace datong::file {

// What the file layer or a content stream says, in the SDK's words: a disk that is full or does not answer may recover;
// a file that is missing, cut off (OutOfRange) or damaged (DataLoss) will not.
sdk::Status FromWorld(const absl::Status& status);

}  // namespace datong::file
