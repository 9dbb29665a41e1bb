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

Numbers::Numbers(const KafkaOptions& options) : broker_(Open(options)) {
  REQUIRE(broker_->CreateTopic("records", {}).ok());
  Reopen();
}

absl::Status Numbers::TryNext() {
  const absl::Status status = Commit(*writer_, std::to_string(landed_ + 1), landed_ + 1);
  if (status.ok()) ++landed_;
  return status;
}

void Numbers::CommitNext() {
  for (int tries = 0; !TryNext().ok(); ++tries) {
    REQUIRE(tries < 10);
    Reopen();
  }
}

void Numbers::Reopen() {
  auto opened = broker_->OpenWriter("lane.0");
  INFO(opened.status().ToString());
  REQUIRE(opened.ok());
  writer_ = *std::move(opened);
  landed_ = Landed();
  ++reopened_;
}

broker::Position Numbers::Landed() {
  const auto position = broker_->CommittedPosition("group", {"records", 0});
  INFO(position.status().ToString());
  REQUIRE(position.ok());
  const broker::Position landed = position->value_or(0);
  std::vector<std::string> wanted;
  for (broker::Position number = 1; number <= landed; ++number) wanted.push_back(std::to_string(number));
  CHECK(ReadAll(*broker_) == wanted);
  return landed;
}

bool Says(const absl::Status& status, const std::string& words) {
  return std::string(status.message()).find(words) != std::string::npos;
}

}  // namespace datong::kafka
