// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/broker_conformance.h"

#include <cstdlib>

#include "exchange_core/base/random.h"

namespace datong::conformance {

std::vector<broker::Message> ReadAll(broker::Broker& broker, const broker::TopicPartition& of, broker::Position from,
                                     int empty_polls_at_end) {
  auto reader = broker.OpenReader(of, from).value();
  std::vector<broker::Message> all;
  for (int empty = 0; empty < empty_polls_at_end;) {
    auto some = reader->Poll({});
    INFO(some.status().ToString());
    REQUIRE(some.ok());
    empty = some->empty() ? empty + 1 : 0;
    for (auto& message : *some) {
      REQUIRE((all.empty() ? message.position >= from : message.position > all.back().position));
      REQUIRE((all.empty() || message.append_time >= all.back().append_time));
      all.push_back(std::move(message));
      REQUIRE(all.back().position < reader->next());
    }
  }
  return all;
}

std::vector<std::string> Bodies(const std::vector<broker::Message>& messages) {
  std::vector<std::string> bodies;
  for (const auto& message : messages) bodies.emplace_back(message.body.bytes());
  return bodies;
}

void MakeTopic(broker::Broker& broker, const std::string& name, uint32_t partitions, broker::TopicKind kind) {
  REQUIRE(broker.CreateTopic(name, {kind, partitions}).ok());
}

void CommitOne(broker::Writer& writer, const broker::TopicPartition& to, const std::string& body) {
  auto transaction = writer.Begin().value();
  transaction->Append(to, "key", "envelope", broker::Body(body));
  const auto status = transaction->Commit();
  INFO(status.ToString());
  REQUIRE(status.ok());
}

std::string LargeBody(uint64_t seed, size_t size) {
  base::SeededRandom random(seed);
  std::string body(size, '\0');
  for (auto& c : body) c = static_cast<char>(random.Next());
  return body;
}

uint64_t Seed() {
  const char* replay = std::getenv("DATONG_SEED");
  return replay != nullptr ? std::strtoull(replay, nullptr, 10) : base::SystemRandom().Next();
}

}  // namespace datong::conformance
