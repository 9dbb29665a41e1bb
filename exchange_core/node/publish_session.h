// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "exchange_core/client/exchange_client.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// One source's way in: batches and the source's journal in one transaction. `state` must outlive the session.
absl::StatusOr<std::unique_ptr<client::PublishSession>> OpenPublishSession(ExchangeState& state,
                                                                           const std::string& source,
                                                                           const std::string& resource);

// Takes over every identity that sources are registered and published under, so that a process that worked on the
// exchange before can give no run, file or source a number any more. Before this one gives the first.
absl::Status FenceEarlierSources(ExchangeState& state);

}  // namespace datong::node
