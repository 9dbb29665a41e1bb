// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker_adapters/embedded/embedded_broker.h"
#include "cli/engine_choice.h"
#include "cli/ground.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/node/exchange_lease.h"

namespace datong::cli {

struct HolderOptions {
  std::string directory;
  uint32_t lanes = 0;  // when it is created; 0 = as it is, or the default
  embedded::Durability durability = embedded::Durability::kSync;
  EngineSaid engine;
  node::ExchangeLease::Wait wait;  // while a process elsewhere holds the exchange; never called for the embedded engine
};

// True when a directory holds an exchange, or the beginnings of one.
absl::StatusOr<bool> HoldsExchange(const Ground& ground, const std::string& directory);
// True when a process has the directory at this moment.
bool IsHeld(const Ground& ground, const std::string& directory);

// The data directory, open in this process:
//   DIRECTORY/log           the embedded engine: topics, ledger, positions
//   DIRECTORY/engine.json   or: which other engine has them, and where (engine_choice.h)
//   DIRECTORY/index         checkpoints, derived from the ledger
//   DIRECTORY/row-memory    what the rows of each source's last full dump became; may be deleted
//   DIRECTORY/control.sock  while it is held
class ExchangeHolder {
 public:
  // Creates what is missing. FailedPrecondition: another process holds the directory. Code::kHeldElsewhere: another
  // one, with a directory of its own, holds the exchange.
  static absl::StatusOr<std::unique_ptr<ExchangeHolder>> Open(const Ground& ground, const HolderOptions& options,
                                                              std::vector<std::string>* warnings);
  ~ExchangeHolder();

  // Lanes go to work. At most once.
  void Start();
  bool running() const { return running_; }
  // The first error after which this process must not go on: of a lane, or that another process took the exchange over.
  absl::Status Health();
  // True when something of this process that writes has been cut off for a while from an engine that answers: it cannot
  // find out by itself what became of its last commit. Opened anew, the exchange reads it from the topics. Never for
  // the embedded engine. One thread.
  bool ShouldReopen();
  // Lanes stop, checkpoints are written. Workers that were added to the scheduler must be gone.
  absl::Status Stop();

  const Ground& ground() const { return ground_; }
  const std::string& row_memory_directory() const { return row_memory_directory_; }
  node::Exchange& exchange() { return *exchange_; }
  base::Scheduler& scheduler() { return *scheduler_; }

 private:
  explicit ExchangeHolder(const Ground& ground) : ground_(ground) {}
  absl::Status OpenEmbedded(const HolderOptions& options);
  void TakeScheduler();
  absl::Status OpenKafka(const HolderOptions& options, const EngineChoice& choice);

  const Ground ground_;
  std::string row_memory_directory_;
  std::atomic<int> lost_writers_ = 0;
  base::TimeUs lost_since_ = 0;           // steady; 0 = none is lost
  std::unique_ptr<base::FileLock> lock_;  // of the directory, where the engine has none
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<base::Scheduler> own_scheduler_;
  base::Scheduler* scheduler_ = nullptr;
  std::unique_ptr<node::ExchangeLease> lease_;  // where other machines reach the topics
  std::unique_ptr<node::Exchange> exchange_;
  bool running_ = false;
};

}  // namespace datong::cli
