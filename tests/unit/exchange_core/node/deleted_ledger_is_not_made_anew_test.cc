// SPDX-License-Identifier: Apache-2.0
// An exchange whose ledger was deleted does not begin a new one, under which it would deliver everything a second time.
#include <catch2/catch.hpp>

#include "broker_adapters/embedded/embedded_broker.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/node/needed_topics.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_exchange.h"

namespace datong::node {

TEST_CASE("a catalog without a ledger is no new exchange") {
  tests::TemporaryDirectory directory;
  tests::StepClock clock;
  embedded::EmbeddedOptions engine;
  engine.directory = directory.path() + "/engine";
  engine.clock = &clock;
  engine.durability = embedded::Durability::kOs;
  const auto broker = embedded::OpenEmbeddedBroker(engine).value();
  CHECK(LedgerWasNotDeleted(*broker).ok());
  for (const NeededTopic& one : OwnTopics(2)) {
    if (one.topic == ledger::kLedgerTopic) continue;
    REQUIRE(broker->CreateTopic(one.topic, one.options).ok());
  }
  CHECK(absl::IsDataLoss(LedgerWasNotDeleted(*broker)));

  base::SeededRandom random(1);
  tests::ManualScheduler scheduler;
  ExchangeOptions options;
  options.directory = directory.path();
  options.files = &base::PosixFileSystem();
  options.clock = &clock;
  options.random = &random;
  options.steps = &base::NoObserver();
  options.scheduler = &scheduler;
  options.broker = broker.get();
  options.lanes = 2;
  std::vector<std::string> warnings;
  CHECK(absl::IsDataLoss(Exchange::Open(options, &warnings).status()));
  CHECK(absl::IsNotFound(broker->DescribeTopic(ledger::kLedgerTopic).status()));
}

}  // namespace datong::node
