// SPDX-License-Identifier: Apache-2.0
// A source that answered again is in no trouble any more, even when it had nothing to say: nobody is told of it, and
// the next trouble is met with a short pause.
#include <catch2/catch.hpp>

#include "connectors/runner/source_runner.h"
#include "tests/unit/connectors/runner/runner_support.h"

namespace datong::runner {
namespace {

// Never has anything; is away whenever the test says so.
class QuietSource final : public sdk::SourceConnector {
 public:
  explicit QuietSource(const bool& away) : away_(away) {}
  sdk::Status Open(const std::string&) override { return sdk::Status::Ok(); }
  sdk::Status Read(sdk::SourceRead& into) override {
    if (away_) return sdk::Status::Retry("the source is away");
    into.idle_ms = 1000;
    return sdk::Status::Ok();
  }
  void Acknowledge(const std::string&) override {}
  void Close() override {}

 private:
  const bool& away_;
};

TEST_CASE("an idle answer ends a trouble") {
  bool away = false;
  tests::FakeExchange exchange;
  exchange.resource = Register(1);
  tests::ManualScheduler scheduler;
  ManualClock clock;
  base::SeededRandom random{1};
  SourceRunnerOptions options;
  options.source = "s";
  options.resource = "company";
  SourceRunner runner(options, std::make_unique<QuietSource>(away), exchange, scheduler, clock, random);
  // How long it then waits.
  const auto step_until_it_waits = [&] {
    for (int steps = 0; steps < 100; ++steps) {
      if (const base::StepResult result = runner.Step(); result.wake_at != 0) return result.wake_at - clock.now;
      scheduler.StepEach();
    }
    FAIL("it never waits");
    return base::TimeUs{0};
  };
  for (int times = 0; times < 20; ++times) {
    away = true;
    const base::TimeUs pause_us = step_until_it_waits();
    CHECK(runner.progress().error.code == "unavailable");
    CHECK(pause_us <= 100'000);
    clock.now += pause_us;
    away = false;
    clock.now += step_until_it_waits();
    CHECK(runner.progress().state == SourceProgress::State::kWaiting);
    CHECK(runner.progress().error.code.empty());
  }
}

}  // namespace
}  // namespace datong::runner
