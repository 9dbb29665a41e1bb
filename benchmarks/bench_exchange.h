// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/prepared_unit.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/exchange.h"

namespace datong::benchmarks {

inline constexpr uint32_t kPartitions = 4;
inline constexpr char kResource[] = "companies";
inline constexpr int kSubscriptions = 3;
std::string SubscriptionName(int number);  // of 0 ... kSubscriptions - 1

// What three subscribing departments are granted.
enum class Views {
  kOne,    // all three the same: every item
  kThree,  // the first every item; the second names, addresses and states; the third codes, phones, trades and capital
};
std::string ViewsInWords(Views views);

// An exchange with the resource "companies" and three subscriptions from its beginning. Every such exchange has the
// same digest secrets and numbers, so that a unit prepared for one fits all.
class BenchExchange {
 public:
  // `broker` and `scheduler` outlive it; checkpoints go below `directory`.
  static absl::StatusOr<std::unique_ptr<BenchExchange>> Open(const std::string& directory, broker::Broker& broker,
                                                             base::Scheduler& scheduler, uint32_t lanes, Views views);
  node::Exchange& exchange() { return *exchange_; }
  client::PublishSession& source() { return *source_; }
  client::ResourceInfo resource() { return *exchange_->client().DescribeResource(kResource); }
  const client::UnitRun& run() const { return run_; }  // a unit is open

  // The unit fits this exchange.
  absl::Status CheckFits(const PreparedUnit& unit) const;
  // After all of `unit` was decided: the books balance and say of every record what the preparation knows of it.
  absl::Status CheckBooks(const PreparedUnit& unit);

 private:
  base::SeededRandom random_{kSeed};
  std::unique_ptr<node::Exchange> exchange_;
  std::unique_ptr<client::PublishSession> source_;
  client::UnitRun run_;
};

// A unit that fits every BenchExchange.
absl::StatusOr<PreparedUnit> PrepareUnitForAll(const std::string& directory, uint64_t records);

// Keeps the workers and steps none: whoever measures does.
class HandScheduler final : public base::Scheduler {
 public:
  void Add(base::Worker& worker) override { workers_.push_back(&worker); }
  void Remove(base::Worker& worker) override { std::erase(workers_, &worker); }
  void Wake(base::Worker&) override {}
  void WakeAll() override {}
  void StopAll() override { workers_.clear(); }
  base::Worker& First() { return *workers_.front(); }  // the exchange adds its lanes first

 private:
  std::vector<base::Worker*> workers_;
};

// A folder below `parent`, removed with everything in it at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace datong::benchmarks
