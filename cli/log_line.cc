// SPDX-License-Identifier: Apache-2.0
#include "cli/log_line.h"

#include <absl/time/time.h>

#include <cstdio>

namespace datong::cli {

void LogLine(base::Clock& clock, const std::string& line) {
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMicros(clock.Now()), absl::UTCTimeZone());
  std::fprintf(stderr, "%s  %s\n", time.c_str(), line.c_str());
}

}  // namespace datong::cli
