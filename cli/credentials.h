// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/file_system.h"

namespace datong::cli {

// Where a file of secrets is that `file` names: relative names count from the folder of `file`, and
// $CREDENTIALS_DIRECTORY/ stands for where the service manager has put what LoadCredential= names.
std::string SecretPath(const std::string& named, const std::string& file);

// Librdkafka's properties in the file at `path`; $CREDENTIALS_DIRECTORY/ at the beginning of a value stands for the
// same. Errors are problems; none holds a line of the file, which may be a password.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadSecretProperties(base::FileSystem& files,
                                                                                      const std::string& path);

}  // namespace datong::cli
