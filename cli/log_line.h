// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exchange_core/base/clock.h"

namespace datong::cli {

// A line of what a process that stays has to say, with its time, on standard error. Any thread.
void LogLine(base::Clock& clock, const std::string& line);

}  // namespace datong::cli
