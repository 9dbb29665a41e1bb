// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cli/row_table.h"

namespace datong::cli {

// How `files` and `import` show a file: verdicts gathered into what a provider asks for.
std::vector<RowColumn> FileColumns();

}  // namespace datong::cli
