// SPDX-License-Identifier: Apache-2.0
// The embedded engine alone, as it is by default, for what is about exchanges rather than about engines.
#include "broker_adapters/embedded/embedded_broker.h"
#include "tests/conformance/broker_conformance.h"
#include "tests/support/temporary_directory.h"

namespace datong::conformance {
namespace {

class EmbeddedUnderTest final : public BrokerUnderTest {
 public:
  EmbeddedUnderTest() { Reopen(); }

  broker::Broker& broker() override { return *broker_; }
  void Reopen() override {
    broker_.reset();
    embedded::EmbeddedOptions options;
    options.directory = folder_.path() + "/exchange";
    options.durability = embedded::Durability::kOs;
    auto opened = embedded::OpenEmbeddedBroker(options);
    INFO(opened.status().ToString());
    REQUIRE(opened.ok());
    broker_ = *std::move(opened);
  }
  void Crash() override { Reopen(); }  // nothing here asks for it

 private:
  const tests::TemporaryDirectory folder_;
  std::unique_ptr<broker::Broker> broker_;
};

}  // namespace

std::vector<EngineUnderTest> EnginesUnderTest() {
  return {{"embedded", [] { return std::make_unique<EmbeddedUnderTest>(); }}};
}

}  // namespace datong::conformance
