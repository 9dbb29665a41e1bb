// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

#include "exchange_core/base/file_system.h"

// The row store forgives a log that ends early, because a crash looks like that; so a damaged length at its very end
// would pass for a crash. An orderly end therefore writes down sizes and checksums of the row store's small files (its
// tables carry checksums of their own), and the next start compares.
namespace datong::embedded {

// After the row store in `rows_directory` was closed: writes the seal to `path`.
absl::Status WriteClosingSeal(base::FileSystem& files, const std::string& path, const std::string& rows_directory);

// Before it is opened: OK when there is no seal (the last run was killed). DataLoss names the first file that is
// missing or differs, Unimplemented an unknown seal version. The caller removes the seal before anything is written.
absl::Status CheckClosingSeal(base::FileSystem& files, const std::string& path, const std::string& rows_directory);

}  // namespace datong::embedded
