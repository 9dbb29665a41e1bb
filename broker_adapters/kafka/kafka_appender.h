// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>

#include "broker_adapters/kafka/kafka_broker.h"
#include "exchange_core/broker/appender.h"

namespace datong::kafka {

// An idempotent producer without a transactional id, for a user of the cluster who may write to some topics and nothing
// else. Connects with its first message. InvalidArgument: an option or property is wrong (named).
absl::StatusOr<std::unique_ptr<broker::Appender>> OpenKafkaAppender(const KafkaOptions& options);

}  // namespace datong::kafka
