// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <utility>
#include <vector>

#include "exchange_core/broker/broker.h"

namespace datong::broker {

// Writes into topics of an exchange from outside it, where no transaction is to be had: each message becomes visible by
// itself, and nothing fences its writer. So it is for what may come twice. Thread-safe.
class Appender {
 public:
  virtual ~Appender() = default;

  struct Outgoing {
    TopicPartition to;
    std::string bytes;  // <= kBatchBytesMax
  };
  // OK: all of them are durable, once each, in their order within a partition. Otherwise some of them may be, and may
  // become so later; nothing that is appended afterwards comes before them. PermissionDenied: the writer may not write
  // there (any longer). InvalidArgument, NotFound: a size or a topic was wrong. Unavailable: try again.
  virtual absl::Status Append(std::vector<Outgoing> messages) = 0;
};

}  // namespace datong::broker
