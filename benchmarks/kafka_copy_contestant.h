// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "benchmarks/stopwatch.h"

namespace datong::benchmarks {

struct KafkaCopy {
  std::string bootstrap_servers;
  std::string from, to;  // Kafka's names of the topics; `to` has one partition
  uint32_t partitions = 0;
  uint32_t threads = 0;  // each takes its share of the partitions
  size_t messages_per_commit = 0;
  size_t messages = 0;  // in `from`
};

// What librdkafka gives to somebody who does nothing else: messages are read, sent on as they are, and committed
// together with the offsets read, exactly once. The watch runs from when every thread is ready to when the last commit
// has returned.
absl::Status CopyTransactionally(const KafkaCopy& copy, Stopwatch& watch);

}  // namespace datong::benchmarks
