// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker_adapters/embedded/embedded_broker.h"
#include "cli/ground.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/exchange.h"

namespace datong::cli {

struct HolderOptions {
  std::string directory;
  uint32_t lanes = 0;  // when it is created; 0 = as it is, or the default
  embedded::Durability durability = embedded::Durability::kSync;
};

// True when a directory holds an exchange, or the beginnings of one.
absl::StatusOr<bool> HoldsExchange(const Ground& ground, const std::string& directory);

// The data directory, open in this process:
//   DIRECTORY/log           the embedded engine: topics, ledger, positions
//   DIRECTORY/index         checkpoints, derived from the ledger
//   DIRECTORY/control.sock  while it is held
class ExchangeHolder {
 public:
  // Creates what is missing. FailedPrecondition: another process holds it.
  static absl::StatusOr<std::unique_ptr<ExchangeHolder>> Open(const Ground& ground, const HolderOptions& options,
                                                              std::vector<std::string>* warnings);
  ~ExchangeHolder();

  // Lanes go to work. At most once.
  void Start();
  bool running() const { return running_; }
  // Lanes stop, checkpoints are written. Workers that were added to the scheduler must be gone.
  absl::Status Stop();

  const Ground& ground() const { return ground_; }
  node::Exchange& exchange() { return *exchange_; }
  base::Scheduler& scheduler() { return *scheduler_; }

 private:
  explicit ExchangeHolder(const Ground& ground) : ground_(ground) {}

  const Ground ground_;
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<base::Scheduler> own_scheduler_;
  base::Scheduler* scheduler_ = nullptr;
  std::unique_ptr<node::Exchange> exchange_;
  bool running_ = false;
};

}  // namespace datong::cli
