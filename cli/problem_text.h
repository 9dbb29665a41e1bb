// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exchange_core/admin/problem.h"

namespace datong::cli {

// An error in five parts, ending in LF:
//   error[DT-2101]: unknown key 'itmes'
//     --> catalog.yaml:12:5
//      12 |     itmes:
//         |     ^^^^^
//     why : ...
//     next: did you mean 'items'?
std::string ProblemText(const admin::Problem& problem, bool colour);

int ExitCodeOf(const admin::Problem& problem);

}  // namespace datong::cli
