// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"

namespace datong::node {

// One process at a time works on an exchange. An engine in a directory sees to that with a lock. Where several machines
// reach the same topics, this does: the holder writes a claim into topic "holder" three times per lease, and another
// process may take over once a whole lease has passed, by its own steady clock, in which it saw none.
//
// The lease says who may begin, not who may write. A holder that was only slow, and wakes, finds every identity it
// writes under taken (FenceEarlierHolder); so no clock has to be right for the books to balance.
//
// A worker: give it to the scheduler as soon as it is taken.
class ExchangeLease final : public base::Worker {
 public:
  struct Options {
    broker::Broker* broker = nullptr;
    base::Clock* clock = nullptr;
    std::string holder;     // for people: machine and process
    uint64_t instance = 0;  // random
    base::TimeUs lease_us = 2'000'000;
  };
  // Called again and again while another process holds the exchange; pauses a moment. `alive`: it has claimed anew
  // since we look. False: wait no longer.
  using Wait = std::function<bool(const std::string& holder, bool alive)>;

  // FailedPrecondition: another process holds it (named), and `wait` would not go on.
  static absl::StatusOr<std::unique_ptr<ExchangeLease>> Take(const Options& options, const Wait& wait);

  std::string_view Name() const override { return "lease"; }
  base::StepResult Step() override;
  // Aborted: another process (named) holds the exchange now; this one must end. Any thread.
  absl::Status status();
  // When the last claim was made, by the steady clock. Any thread.
  base::TimeUs claimed_at() const { return claimed_at_.load(); }
  // The next holder need not wait. After the last step. It is only courtesy: a failure costs the next one a lease.
  void Release();

 private:
  explicit ExchangeLease(const Options& options) : options_(options) {}

  absl::StatusOr<bool> TakeNews();  // reads the topic to its end; whether there was a claim of another process in it
  bool IsHeldByOther() const;
  absl::Status AwaitFree(const Wait& wait);
  absl::StatusOr<bool> Claim();  // false: somebody else was quicker
  absl::Status Renew();
  absl::Status Write(bool released);

  const Options options_;
  std::unique_ptr<broker::Writer> writer_;
  std::unique_ptr<broker::Reader> reader_;
  struct LastClaim {
    uint64_t instance = 0;
    std::string holder;
    base::TimeUs lease_us = 0;
    bool released = true;
    broker::Position position = 0;
  } last_;
  base::TimeUs next_renewal_ = 0;  // steady
  std::atomic<base::TimeUs> claimed_at_ = 0;
  int renewals_until_drop_ = 0;
  std::mutex mutex_;
  absl::Status status_;  // guarded by mutex_
};

// Takes over every identity that the catalog, the full dumps, the known sources and the known subscriptions are written
// under, so that whoever wrote under them before can write no more; lanes do it themselves when they recover. Before
// Exchange::Open() reads where all of them stand. NotFound is no error: then the exchange is new.
absl::Status FenceEarlierHolder(broker::Broker& broker);

}  // namespace datong::node
