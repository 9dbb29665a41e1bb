// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

namespace datong::benchmarks {

struct KafkaCopy {
  std::string bootstrap_servers;
  std::string from, to;  // Kafka's names of the topics; `to` has one partition
  uint32_t partitions = 0;
  uint32_t threads = 0;  // each takes its share of the partitions
  size_t messages_per_commit = 0;
};

// What librdkafka gives to somebody who does nothing else: messages are read, sent on as they are, and committed
// together with the offsets read, exactly once. Returns the bytes copied, when each partition was copied to its end.
absl::StatusOr<uint64_t> CopyTransactionally(const KafkaCopy& copy);

}  // namespace datong::benchmarks
