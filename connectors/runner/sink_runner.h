// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/runner/back_off.h"
#include "connectors/runner/delivery_decoder.h"
#include "connectors/runner/runner_error.h"
#include "connectors/sdk/sink_connector.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/client/exchange_client.h"

namespace datong::runner {

struct SinkRunnerOptions {
  std::string subscription;
  size_t records_per_write_max = 50000;  // about: a delivered batch is never split
};

struct SinkProgress {
  enum class State {
    kRunning,
    kIdle,
    kWaiting,
    kFailed
  };  // kIdle: everything there is is applied; kWaiting: `error` says for what
  State state = State::kRunning;
  uint64_t applied = 0;  // records, by this runner
  uint64_t refused = 0;
  uint64_t next_position = 0;  // acknowledged up to before this
  RunnerError error;
};

// Carries one subscription's deliveries into a sink and its receipts back. The sink stores the position together with
// the data: what it holds beyond the acknowledged position after a crash is acknowledged without being written a second
// time. Steps: "sink.fetched", "sink.written" (before the receipt), "sink.acknowledged".
class SinkRunner final : public base::Worker {
 public:
  // All references must outlive it. It is the caller's to add to `scheduler`, which wakes it when there is more.
  SinkRunner(SinkRunnerOptions options, std::unique_ptr<sdk::SinkConnector> connector, client::ExchangeClient& exchange,
             base::Scheduler& scheduler, base::Clock& clock, base::RandomSource& random,
             base::StepObserver& observer = base::NoObserver());
  ~SinkRunner() override;

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;
  SinkProgress progress() const;  // thread-safe

 private:
  enum class Next { kOpen, kFetch, kWrite, kAcknowledge, kFinish };

  base::StepResult Open();
  base::StepResult Fetch();
  base::StepResult FetchKnown();
  base::StepResult Write();
  base::StepResult Acknowledge();
  base::StepResult GoOnWith(Next next);
  base::StepResult Trouble(RunnerError error);
  void Succeeded();
  template <typename Change>
  void Update(Change change);

  const SinkRunnerOptions options_;
  const std::string name_;
  const std::unique_ptr<sdk::SinkConnector> connector_;
  client::ExchangeClient& exchange_;
  base::Scheduler& scheduler_;
  base::Clock& clock_;
  base::StepObserver& observer_;
  BackOff back_off_;

  Next next_ = Next::kOpen;
  base::TimeUs wait_until_ = 0;
  base::TimeUs came_at_ = 0;  // steady: when something was fetched last
  bool connector_open_ = false;
  std::unique_ptr<client::DeliverySession> session_;
  std::optional<DeliveryDecoder> decoder_;
  uint64_t applied_until_ = 0;                                 // the sink holds everything before this position
  std::vector<client::RefusedDelivery> refused_before_crash_;  // of the sink's last write
  client::DeliverySession::Fetched fetched_;
  uint64_t write_from_ = 0;  // deliveries of fetched_ before this are in the sink already
  uint64_t acknowledge_to_ = 0;
  bool write_after_acknowledge_ = false;
  std::vector<client::RefusedDelivery> refused_;  // to acknowledge
  uint64_t applied_ = 0;                          // records of the write at hand

  mutable std::mutex mutex_;
  SinkProgress progress_;  // guarded by mutex_
};

}  // namespace datong::runner
