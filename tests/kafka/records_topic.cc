// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/records_topic.h"

#include <catch2/catch.hpp>

namespace datong::kafka {

KafkaOptions FreshExchange(tests::KafkaForTests& cluster) {
  KafkaOptions options;
  options.bootstrap_servers = cluster.bootstrap_servers();
  options.exchange = cluster.FreshExchange();
  return options;
}

std::unique_ptr<broker::Broker> Open(const KafkaOptions& options) {
  auto opened = OpenKafkaBroker(options);
  INFO(opened.status().ToString());
  REQUIRE(opened.ok());
  return *std::move(opened);
}

absl::Status Commit(broker::Writer& writer, const std::string& body, broker::Position position) {
  auto transaction = writer.Begin();
  if (!transaction.ok()) return transaction.status();
  (*transaction)->Append({"records", 0}, "key", "envelope", broker::Body(body));
  if (position != 0) (*transaction)->AdvancePosition("group", {"records", 0}, position);
  return (*transaction)->Commit();
}

std::vector<std::string> ReadAll(broker::Broker& broker) {
  auto reader = broker.OpenReader({"records", 0}, 0).value();
  std::vector<std::string> bodies;
  while (true) {
    const auto some = reader->Poll({});
    INFO(some.status().ToString());
    REQUIRE(some.ok());
    if (some->empty()) return bodies;
    for (const auto& message : *some) bodies.emplace_back(message.body.bytes());
  }
}

bool Says(const absl::Status& status, const std::string& words) {
  return std::string(status.message()).find(words) != std::string::npos;
}

}  // namespace datong::kafka
