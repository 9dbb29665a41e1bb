// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exchange_core/admin/problem.h"
#include "exchange_core/catalog/finding.h"

namespace datong::cli {

// Line `number` of a text, counted from 1, without its end.
std::string LineOf(const std::string& text, int number);

// A mistake in the YAML file at `path`, which reads `text`, as a person sees it.
admin::Problem ProblemOf(const catalog::Finding& finding, const std::string& path, const std::string& text);

}  // namespace datong::cli
