// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/exchange_holder.h"
#include "cli/row_printer.h"
#include "cli/terminal.h"

namespace datong::cli {

// The whole program behind main: finds the command, runs it, returns the exit code (docs/commands.md).
// `arguments` without the program's name.
int RunCommandLine(const std::vector<std::string>& arguments, const Ground& ground, const Terminal& terminal,
                   Output& output);

}  // namespace datong::cli
