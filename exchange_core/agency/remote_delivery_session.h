// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "exchange_core/agency/request_line.h"
#include "exchange_core/client/exchange_client.h"

namespace datong::agency {

// `line` outlives the session.
absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenRemoteDeliverySession(RequestLine& line,
                                                                                   const std::string& subscription);

}  // namespace datong::agency
