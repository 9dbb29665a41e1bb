// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "exchange_core/admin/request.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/node/exchange.h"

namespace datong::admin {

// Answers what people ask an exchange: rows through `out`, then the summary, an object. `running`: its lanes are at
// work. Any thread; several answers at once. An error is a problem (problem.h) where the caller can do something about
// it.
absl::StatusOr<Json> Answer(node::Exchange& exchange, base::Clock& clock, bool running, const Request& request,
                            Responder& out);

// What may be asked.
std::vector<std::string> Methods();

}  // namespace datong::admin
