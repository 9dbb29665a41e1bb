// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace datong::tests {

// The number of the broker that leads a partition, as the cluster says now; -1 while none does.
int LeaderOf(const std::string& bootstrap_servers, const std::string& kafka_topic, int partition);

}  // namespace datong::tests
