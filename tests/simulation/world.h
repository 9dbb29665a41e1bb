// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/connector_host.h"
#include "cli/exchange_holder.h"
#include "connectors/runner/source_runner.h"
#include "exchange_core/base/random.h"
#include "tests/simulation/department.h"
#include "tests/simulation/department_system.h"
#include "tests/simulation/judges/judge.h"
#include "tests/simulation/operation.h"
#include "tests/simulation/simulated_clock.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/step_trigger.h"
#include "tests/simulation/turn_scheduler.h"
#include "tests/simulation/witness.h"

namespace datong::simulation {

// What a run of a world came to.
struct WorldReport {
  std::vector<std::string> complaints;  // "judge: sentence"; empty: all promises held
  uint64_t cuts = 0;                    // power cuts that took place
  uint64_t kills = 0;
  uint64_t records = 0;  // judged by the naive exchange at the end
  uint64_t trace = 0;    // of every operation on the disk and of all that sinks wrote
  base::TimeUs lived_us = 0;
  std::map<std::string, uint64_t> looked_at;        // by judge
  std::map<std::string, uint64_t> reached, struck;  // by step
};

// A sync of the production code: which call, of what kind of file.
struct SyncSite {
  uint64_t caller = 0;  // of the instruction behind the call, from the start of the program
  std::string path;     // digits replaced by N
  auto operator<=>(const SyncSite&) const = default;
};

// One machine with one exchange on it, the departments around it, and everything that goes wrong. The process inside is
// the production code as `datong run` composes it: holder, engine, lanes, connectors.
class World {
 public:
  explicit World(uint64_t seed);
  ~World();

  // Does it and says in a line what it did.
  std::string Do(const Operation& operation);
  // Repairs what is broken, lets everything arrive, and has all judges look.
  void Finish(uint64_t seed);
  bool failed() const { return !report_.complaints.empty(); }
  bool HasRows() const;  // something was handed over that the exchange will have to judge
  WorldReport Report();

  // This sync no longer secures anything, from the start on.
  void LoseSync(const SyncSite& site) { lost_sync_ = site; }
  const std::map<SyncSite, uint64_t>& syncs() const { return syncs_; }
  // Told of every operation on the disk, before it takes place: what the trace is made of.
  using TellDisk = std::function<void(std::string_view kind, std::string_view path, uint64_t bytes)>;
  void SetTellDisk(TellDisk tell) { tell_disk_ = std::move(tell); }

 private:
  // world_process.cc: the process and its deaths
  bool Start();  // false: it does not run now, for a reason that is allowed
  void StopInOrder();
  void Die(bool cut);
  void Strike(bool cut);  // from inside the production code: nothing reaches the disk any more
  void BuryTheDead();     // after a strike
  void Turns(uint64_t steps, base::TimeUs time_max);
  void Watch();  // complains of a lane that stopped without a reason
  void OnDiskOperation(const SimulatedDisk::Operation& operation);
  bool Running() const { return holder_ != nullptr; }
  bool Settle();

  // world_catalog.cc: what is said with `apply`
  std::string AddResource();
  std::string AddSubscription();
  std::string EndSubscription();
  std::string SuspendOrResume();
  std::string RevokeGrant();
  std::string Apply(const std::string& yaml, std::string what);
  void TakeCatalog();  // plans as the exchange's catalog has them

  // world_operations.cc, world_snapshots.cc: what departments and the machine do
  std::string File();
  std::string SystemUnit();
  std::string Again();
  std::string DiskTrouble(OperationKind kind);
  std::string Death(OperationKind kind);
  std::string DropCheckpoints();
  std::string FullDumpFile();
  std::string PlaceFullDump(const ResourcePlan& resource, Dump dump, std::string content);
  std::string DecideSnapshot();
  std::string HandOverFile(const ResourcePlan& resource, std::vector<Row> rows);
  const ResourcePlan* AnyResource(bool with_system);
  SubscriptionPlan* AnySubscription();

  void JudgeAll(bool settled);
  void Complain(const std::string& judge, const std::string& sentence);

  SimulatedClock clock_;
  base::SeededRandom random_;
  SimulatedDisk disk_;
  StepTrigger steps_;
  TurnScheduler scheduler_;
  cli::Limits limits_;
  Departments departments_;
  Departments proposed_;  // said to the exchange, not known to have been taken
  std::map<std::string, std::unique_ptr<DepartmentSystem>> systems_;
  std::map<std::string, std::vector<Row>> registers_;  // by resource: what the department would hand over as a whole
  Witness witness_;

  std::unique_ptr<cli::ExchangeHolder> holder_;
  std::unique_ptr<cli::ConnectorHost> host_;
  std::vector<std::unique_ptr<runner::SourceRunner>> system_runners_;
  std::map<std::string, bool> system_running_;

  std::optional<bool> strike_;  // the process is dying: true by a power cut
  uint64_t strike_in_ = 0;      // disk operations until the armed strike; 0: none
  bool strike_cuts_ = false;
  bool disk_limited_ = false;   // it may be full now
  bool disk_was_full_ = false;  // since the last start
  bool slow_ = false;
  base::TimeUs clock_jump_max_ = 0;
  bool rough_ = true;             // the next start is the first, or the one after a death
  bool mending_ = false;          // the end of the story: nothing strikes any more
  uint64_t catalog_version_ = 0;  // the last whose caller was told OK
  uint64_t names_ = 0;
  std::vector<std::string> said_;  // by the process, for the story
  std::optional<SyncSite> lost_sync_;
  TellDisk tell_disk_;
  std::map<SyncSite, uint64_t> syncs_;
  WorldReport report_;
};

}  // namespace datong::simulation
