// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "exchange_core/base/scheduler.h"
#include "exchange_core/client/exchange_client.h"

namespace datong::benchmarks {

// A department that takes everything: fetches, looks at every record and acknowledges, until it has `records_expected`.
// A worker, as a connector is.
class BenchSubscriber final : public base::Worker {
 public:
  // The caller adds it to `scheduler`, which wakes it when there is more.
  static absl::StatusOr<std::unique_ptr<BenchSubscriber>> Open(client::ExchangeClient& client,
                                                               base::Scheduler& scheduler,
                                                               const std::string& subscription,
                                                               uint64_t records_expected);

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;

  // Both thread-safe. `done`: everything expected is acknowledged, or it failed (status() says so).
  bool done() const { return done_.load(); }
  absl::Status status() const;

 private:
  BenchSubscriber(std::string name, std::unique_ptr<client::DeliverySession> session, uint64_t records_expected)
      : name_(std::move(name)), session_(std::move(session)), records_expected_(records_expected) {}
  absl::StatusOr<base::StepResult> TakeSome();

  const std::string name_;
  std::unique_ptr<client::DeliverySession> session_;
  const uint64_t records_expected_;
  uint64_t records_ = 0;
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_;
  absl::Status status_;  // guarded by mutex_
};

}  // namespace datong::benchmarks
