// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/memory_broker.h"
#include "broker_adapters/embedded/embedded_broker.h"
#include "tests/conformance/broker_conformance.h"
#include "tests/support/copy_directory.h"
#include "tests/support/temporary_directory.h"

namespace datong::conformance {
namespace {

class EmbeddedUnderTest final : public BrokerUnderTest {
 public:
  explicit EmbeddedUnderTest(embedded::EmbeddedOptions options) : options_(std::move(options)) { Open(); }

  broker::Broker& broker() override { return *broker_; }

  void Reopen() override {
    broker_.reset();
    Open();
  }

  void Crash() override {
    const std::string from = Directory();
    ++place_;
    tests::CopyDirectory(from, Directory());
    Reopen();
  }

 private:
  std::string Directory() const { return folder_.path() + "/exchange-" + std::to_string(place_); }

  void Open() {
    options_.directory = Directory();
    auto opened = embedded::OpenEmbeddedBroker(options_);
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    broker_ = *std::move(opened);
  }

  const tests::TemporaryDirectory folder_;
  int place_ = 0;
  embedded::EmbeddedOptions options_;
  std::unique_ptr<broker::Broker> broker_;
};

// Keeps its messages in memory: there is nothing to close, and a new start finds what the old one left.
class MemoryUnderTest final : public BrokerUnderTest {
 public:
  broker::Broker& broker() override { return *broker_; }
  void Reopen() override {}
  void Crash() override {}

 private:
  std::unique_ptr<broker::Broker> broker_ = benchmarks::NewMemoryBroker(base::SystemClock());
};

EngineUnderTest Embedded(std::string name, embedded::EmbeddedOptions options) {
  return {std::move(name), [options] { return std::make_unique<EmbeddedUnderTest>(options); }};
}

}  // namespace

std::vector<EngineUnderTest> EnginesUnderTest() {
  return {
      Embedded("embedded", {}),
      Embedded("embedded, positions with gaps, small segments, no cache",
               {.segment_bytes_max = 100'000, .position_gap_max = 7, .body_cache_bytes = 0}),
      Embedded("embedded, left to the operating system",
               {.durability = embedded::Durability::kOs, .position_gap_max = 1}),
      {"memory", [] { return std::make_unique<MemoryUnderTest>(); }},
  };
}

}  // namespace datong::conformance
