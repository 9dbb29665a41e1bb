// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "broker_adapters/kafka/kafka_broker.h"
#include "cli/engine_choice.h"
#include "cli/ground.h"

namespace datong::cli {

// The engine's options for what was chosen; reads the file of properties.
absl::StatusOr<kafka::KafkaOptions> KafkaOptionsOf(const Ground& ground, const EngineChoice& choice);

// A cluster that does not accept us, or is not accepted here. `next`: what to repair.
absl::Status ExplainNotAccepted(const absl::Status& status, const std::string& servers, const std::string& next);

// A cluster that is silent or refuses us, as a problem; any other status as it is.
absl::Status ExplainCluster(const absl::Status& status, const EngineChoice& choice);

}  // namespace datong::cli
