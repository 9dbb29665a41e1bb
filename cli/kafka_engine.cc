// SPDX-License-Identifier: Apache-2.0
#include "cli/kafka_engine.h"

#include <string>

#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {

absl::StatusOr<kafka::KafkaOptions> KafkaOptionsOf(const Ground& ground, const EngineChoice& choice) {
  kafka::KafkaOptions engine;
  engine.bootstrap_servers = choice.bootstrap_servers;
  engine.exchange = choice.exchange;
  engine.clock = &ground.clock;
  engine.steps = &ground.steps;
  engine.replication_factor = choice.replication_factor;
  engine.min_insync_replicas = choice.min_insync_replicas;
  if (!choice.config.empty()) {
    ASSIGN_OR_RETURN(engine.properties, ReadProperties(ground.files, choice.config));
  }
  return engine;
}

absl::Status ExplainNotAccepted(const absl::Status& status, const std::string& servers, const std::string& next) {
  return admin::ToStatus({.code = admin::Code::kNotAccepted,
                          .what = "the Kafka cluster is not reached as who we are, or is not who it should be",
                          .where = servers,
                          .why = std::string(base::Std(status.message())),
                          .next = next});
}

absl::Status ExplainCluster(const absl::Status& status, const EngineChoice& choice) {
  if (absl::IsUnauthenticated(status)) {
    return ExplainNotAccepted(status, choice.bootstrap_servers, "repair the file that --kafka-config names");
  }
  if (!absl::IsUnavailable(status)) return status;
  return admin::ToStatus({.code = admin::Code::kClusterNotReached,
                          .what = "the Kafka cluster of this exchange does not answer",
                          .where = choice.bootstrap_servers,
                          .why = std::string(base::Std(status.message())),
                          .next = "start it, or say where it is with --bootstrap-servers"});
}

}  // namespace datong::cli
