// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "broker_adapters/kafka/kafka_client.h"
#include "broker_adapters/kafka/log_ends.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// Lets the cluster delete what lies below `keep_from`; it frees space a segment at a time.
absl::Status DropBelow(const KafkaOptions& options, Client& client, LogEnds& ends, const KafkaPartition& of,
                       broker::Position keep_from);

}  // namespace datong::kafka
