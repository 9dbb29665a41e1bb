// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "exchange_core/base/file_system.h"

namespace datong::file {

// What a file truly is when it is not text that a reader here can read.
struct ForeignKind {
  std::string code;  // "" = nothing speaks against reading it
  std::string name;  // "an XLSX workbook"
  std::string hint;
};

// Judges by the first bytes of the content (inside gzip too), never by the file's name.
absl::StatusOr<ForeignKind> FindForeignKind(std::shared_ptr<base::RandomAccessFile> file, const std::string& path);

}  // namespace datong::file
