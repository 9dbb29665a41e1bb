// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "cli/control_socket.h"
#include "exchange_core/admin/request.h"

namespace datong::cli {

// Puts a question to the other side and hands its answer on: rows and progress to `to`, which may withdraw the
// question; the result returned. A problem of the other side comes back as it was there.
absl::StatusOr<admin::Json> AskHolder(const Socket& socket, const admin::Request& request, admin::Responder& to);

}  // namespace datong::cli
