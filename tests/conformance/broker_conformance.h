// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/broker/broker.h"

// The suite that every engine passes. The cases know the contract only; where an engine lives is its factory's
// business.
namespace datong::conformance {

// One engine at one fresh place. Writers, readers and transactions are destroyed before Reopen() and Crash().
class BrokerUnderTest {
 public:
  virtual ~BrokerUnderTest() = default;
  virtual broker::Broker& broker() = 0;
  virtual void Reopen() = 0;  // an orderly end and a new start
  virtual void Crash() = 0;   // a new start from what a killed process leaves behind
};

struct EngineUnderTest {
  std::string name;
  std::function<std::unique_ptr<BrokerUnderTest>()> at_fresh_place;
  int empty_polls_at_end = 1;  // how many empty polls in a row mean that the end is reached
};

std::vector<EngineUnderTest> EnginesUnderTest();

// Runs `body(under_test, engine)` as a section per engine.
template <typename Body>
void OnEveryEngine(Body body) {
  for (const EngineUnderTest& engine : EnginesUnderTest()) {
    DYNAMIC_SECTION(engine.name) {
      const auto under_test = engine.at_fresh_place();
      body(*under_test, engine);
    }
  }
}

// Everything committed at or after `from`.
std::vector<broker::Message> ReadAll(broker::Broker& broker, const broker::TopicPartition& of,
                                     broker::Position from = 0, int empty_polls_at_end = 1);
std::vector<std::string> Bodies(const std::vector<broker::Message>& messages);
void MakeTopic(broker::Broker& broker, const std::string& name, uint32_t partitions = 1,
               broker::TopicKind kind = broker::TopicKind::kRecords);
// One transaction with one message.
void CommitOne(broker::Writer& writer, const broker::TopicPartition& to, const std::string& body);
// Bytes that look like nothing else, large enough for an engine to store them outside of its small rows.
std::string LargeBody(uint64_t seed, size_t size = 20'000);
uint64_t Seed();  // DATONG_SEED, or a new one

}  // namespace datong::conformance
