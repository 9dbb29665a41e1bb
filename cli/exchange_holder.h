// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker_adapters/embedded/embedded_broker.h"
#include "cli/engine_choice.h"
#include "cli/ground.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/companion.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/node/membership.h"

namespace datong::cli {

struct HolderOptions {
  std::string directory;
  uint32_t lanes = 0;  // when it is created; 0 = as it is, or the default
  embedded::Durability durability = embedded::Durability::kSync;
  EngineSaid engine;
  // Where other machines reach the topics: work with whoever is there, else be the only one. `wait`: until that can be;
  // never called for the embedded engine.
  bool shares = false;
  node::Membership::Wait wait;
};

// True when a directory holds an exchange, or the beginnings of one.
absl::StatusOr<bool> HoldsExchange(const Ground& ground, const std::string& directory);
// True when a process has the directory at this moment.
bool IsHeld(const Ground& ground, const std::string& directory);

// How node::Exchange is opened on what a directory and this process have. The broker and the scheduler outlive it.
node::ExchangeOptions ExchangeOptionsOf(const Ground& ground, const std::string& directory, broker::Broker& broker,
                                        base::Scheduler& scheduler);
// Locks a directory whose exchange is on Kafka. FailedPrecondition: another process has it.
absl::StatusOr<std::unique_ptr<base::FileLock>> LockForKafka(const Ground& ground, const std::string& directory);
std::string ThisProcess();  // "process 4711 on kx-1"

// The data directory, open in this process:
//   DIRECTORY/log           the embedded engine: topics, ledger, positions
//   DIRECTORY/engine.json   or: which other engine has them, and where (engine_choice.h)
//   DIRECTORY/index         checkpoints, derived from the ledger
//   DIRECTORY/row-memory    what the rows of each source's last full dump became; may be deleted
//   DIRECTORY/control.sock  while it is held
class ExchangeHolder {
 public:
  // Creates what is missing. FailedPrecondition: another process holds the directory. Code::kHeldElsewhere: another
  // one, with a directory of its own, works on the exchange.
  static absl::StatusOr<std::unique_ptr<ExchangeHolder>> Open(const Ground& ground, const HolderOptions& options,
                                                              std::vector<std::string>* warnings);
  ~ExchangeHolder();

  // Lanes go to work. At most once.
  void Start();
  bool running() const { return running_; }
  // The first error after which this process must not go on.
  absl::Status Health();
  // Whether connectors are this process's to run, and changes its to make, at this moment. Any thread.
  bool leads() const { return membership_ == nullptr || membership_->leads(); }
  // Which lanes this process works on and who leads, in words; empty where nobody else can. Any thread.
  std::string Share();
  std::string leader() const { return membership_ == nullptr ? "" : membership_->leader(); }
  // Lanes stop, checkpoints are written. Workers that were added to the scheduler must be gone.
  absl::Status Stop();
  // After Stop(): only the engine stays open, and the directory held; exchange() is not there any longer.
  broker::Broker& KeepOnlyEngine();

  const Ground& ground() const { return ground_; }
  const std::string& row_memory_directory() const { return row_memory_directory_; }
  node::Exchange& exchange() { return *exchange_; }
  base::Scheduler& scheduler() { return *scheduler_; }

 private:
  explicit ExchangeHolder(const Ground& ground) : ground_(ground) {}
  absl::Status OpenEmbedded(const HolderOptions& options);
  void TakeScheduler();
  absl::Status OpenKafka(const HolderOptions& options, const EngineChoice& choice);
  absl::Status TakeShare();

  const Ground ground_;
  std::string row_memory_directory_;
  std::unique_ptr<base::FileLock> lock_;  // of the directory, where the engine has none
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<base::Scheduler> own_scheduler_;
  base::Scheduler* scheduler_ = nullptr;
  std::unique_ptr<node::Membership> membership_;  // where other machines reach the topics
  EngineChoice choice_;                           // there
  std::unique_ptr<node::Exchange> exchange_;
  std::unique_ptr<node::Companion> companion_;
  bool running_ = false;
};

}  // namespace datong::cli
