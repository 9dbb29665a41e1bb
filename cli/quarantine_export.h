// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "cli/session.h"

namespace datong::cli {

struct QuarantineExportOptions {
  std::string path;
  std::string resource, source_file;  // empty: any
  std::string header_from;            // empty: no header line
  uint32_t title_lines = 0;
};

// Writes held-back rows as they stood at their source, a line each, and beside them a CSV with reasons. Both files
// appear when they are complete. Rows that have no original bytes (records refused for another reason, rows too large
// to be kept) are in the reasons only. Returns the exit code.
int ExportQuarantine(Session& session, const QuarantineExportOptions& options);

}  // namespace datong::cli
