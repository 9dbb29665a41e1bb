// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// `clock` and `steps` outlive the broker.
struct KafkaOptions {
  std::string bootstrap_servers;  // "host:port,host:port": where the cluster is first asked
  // Every topic, group and transactional id of this exchange begins with this name and a dot, so that several exchanges
  // can share a cluster. Letters, digits, '_' and '-', at most 100.
  std::string exchange;
  base::Clock* clock = &base::SystemClock();
  base::StepObserver* steps = &base::NoObserver();
  base::TimeUs request_timeout = 10'000'000;      // how long an answer of the cluster is waited for
  base::TimeUs transaction_timeout = 10'000'000;  // a dead writer blocks the readers of what it touched for so long
  // How topics are made: copies of each partition, and how many of them must have a message before it is committed. 0:
  // as the cluster allows (topic_settings.h).
  int replication_factor = 0;
  int min_insync_replicas = 0;
  size_t prefetch_bytes_max = size_t{64} << 20;  // per partition that is being read
  // Names and values as librdkafka knows them, for TLS, SASL and tuning. What the engine's promises rest on
  // (transactions, isolation, acknowledgements) cannot be set here: the engine's own value counts.
  std::vector<std::pair<std::string, std::string>> properties;
};

// Asks the cluster once, so that a wrong address or password is told here and not at the first message.
// InvalidArgument: an option or property is wrong (named). Unauthenticated, Unavailable: as the cluster says, or is
// silent.
//
// Where this engine is more than the contract says, or just that:
//  - A position is the Kafka offset + 1; the offset committed for a group is the one that Kafka's own tools expect.
//  - A fenced writer learns it from the cluster, so at the commit of its first transaction that holds something.
//  - Commit() returns once readers of every partition it touched can see it: that may be after an older transaction of
//    another writer in the same partition has ended, for Kafka's readers go no further than the oldest open one.
//  - append_time is the clock of the partition's leader and decreases if that does.
//
// Steps told to the observer: transaction.sent, transaction.ended.
absl::StatusOr<std::unique_ptr<broker::Broker>> OpenKafkaBroker(const KafkaOptions& options);

}  // namespace datong::kafka
