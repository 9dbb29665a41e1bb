// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "datong/exchange/v1/snapshot_journal.pb.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "tests/simulation/naive_exchange.h"
#include "tests/simulation/naive_rules.h"
#include "tests/simulation/naive_stage.h"

namespace datong::simulation {

// How a naive exchange comes to know what it knows: entry by entry, in the order of the ledger. Batches and starts are
// naive_exchange.cc's, snapshots naive_snapshots.cc's.
struct NaiveExchange::Replay {
  static constexpr size_t kComplaintsMax = 50;  // the first is the one to look at

  // A published resource: its plan, where its lanes stand in its inputs, and what it knows.
  struct Inputs {
    const ResourcePlan* plan = nullptr;
    std::string topic;
    std::map<uint32_t, size_t> next;  // by partition: the message to be decided next
    ResourceState* state = nullptr;
    std::optional<NaiveRegister> entities;
    std::optional<NaiveEvents> events;
    std::map<uint32_t, std::pair<std::string, std::string>> units;  // name and identity by file sequence
    std::map<std::string, std::string> digest_of_key, key_of_digest;
    std::map<std::pair<uint32_t, uint64_t>, NaiveStage> stages;  // by partition and snapshot: those that are not done
  };
  // One record at the moment of its decision.
  struct Record {
    const ledger::v1::LedgerEntry& entry;
    const Witness::Message& message;
    const Witness::SeenRecord& seen;
    size_t number;
    ledger::Verdict said;
    uint32_t partition;
  };

  Replay(NaiveExchange& to, const Departments& from, const Witness& seen, const catalog::CatalogTable& table,
         const std::vector<node::RunBooks>& books)
      : out(to), departments(from), witness(seen), catalog(table) {
    for (const node::RunBooks& run : books) runs[run.run] = &run;
    ReadSnapshotsTopic();
    for (const auto& [name, plan] : departments.resources) {
      if (const catalog::Resource* known = catalog.FindResource(name); known != nullptr) Add(*known, plan);
    }
  }

  void Add(const catalog::Resource& known, const ResourcePlan& plan) {
    Inputs& inputs = resources[known.id];
    inputs.plan = &plan;
    inputs.topic = known.publish_topic();
    inputs.state = &out.resources_[plan.name];
    if (plan.entity) {
      inputs.entities.emplace(plan.versioned);
    } else {
      inputs.events.emplace(plan.window_us);
    }
  }

  void Complain(std::string sentence) {
    if (out.complaints_.size() < kComplaintsMax) out.complaints_.push_back(std::move(sentence));
  }

  // naive_exchange.cc
  void Run();
  void TakeStart(const ledger::v1::LedgerEntry& entry);
  void TakeBatch(const ledger::v1::LedgerEntry& entry);
  const Witness::Message* NextMessage(Inputs& inputs, uint32_t partition, uint64_t position, const std::string& place);
  void TakeRecord(Inputs& inputs, const Record& record);
  ledger::Verdict TakeReadable(Inputs& inputs, const Record& record, const Row& row, const std::string& key);
  const Dump* DumpOf(Inputs& inputs, const Record& record);
  void CheckColumns(Inputs& inputs, const Record& record, const Row& row);
  Change ChangeOf(Inputs& inputs, const Record& record, const Dump& dump, ledger::Verdict verdict);
  void Accept(Inputs& inputs, Change change);
  void Complain(const Inputs& inputs, const Record& record, const std::string& what);

  // naive_snapshots.cc
  struct Decision {
    exchange::v1::SnapshotDecision said;
    uint64_t look = 0;  // when it was seen
  };
  struct Snapshot {
    std::string resource;
    std::map<uint32_t, exchange::v1::SnapshotReport> reports;  // by partition, as the topic has them
    std::vector<Decision> decisions;                           // in the order of the topic
    std::map<uint32_t, NaiveStage::Facts> facts;               // by partition that has reported
    const Dump* dump = nullptr;
    std::string source;
    bool flows = false;
    size_t open = 0;  // partitions that are not done
    bool released() const { return !decisions.empty() && decisions.back().said.action() == kRelease; }
    static constexpr auto kRelease = exchange::v1::SnapshotDecision::RELEASE;
  };
  void ReadSnapshotsTopic();
  void TakeMark(const ledger::v1::LedgerEntry& entry);
  void TakeReported(const ledger::v1::LedgerEntry& entry);
  void TakeStep(const ledger::v1::LedgerEntry& entry, uint64_t seen_in);
  void CheckRuling(const ledger::v1::SnapshotStep& step, const NaiveStage& stage, uint64_t seen_in,
                   const std::string& place);
  void Apply(const ledger::v1::LedgerEntry& entry, Inputs& inputs, NaiveStage& stage, const std::string& place);
  void Delete(const ledger::v1::LedgerEntry& entry, Inputs& inputs, NaiveStage& stage, const std::string& place);
  void Drop(const ledger::v1::SnapshotStep& step, Inputs& inputs, NaiveStage& stage, const std::string& place);
  // The step's records, where their content stands.
  std::vector<Record> RecordsOf(const ledger::v1::LedgerEntry& entry, const Inputs& inputs, const std::string& place);
  void JudgeDecisions();
  void JudgeDecision(uint64_t number, const Snapshot& snapshot);
  std::string StopsOf(uint64_t number, const Snapshot& snapshot, const FullPlan& policy) const;
  // Whether any row of the resource was published before the snapshot began.
  bool AnyRowBefore(uint64_t number, const Snapshot& snapshot) const;
  bool AnyReleasedBefore(uint64_t number, const Snapshot& snapshot) const;

  NaiveExchange& out;
  const Departments& departments;
  const Witness& witness;
  const catalog::CatalogTable& catalog;
  std::map<uint64_t, const node::RunBooks*> runs;
  std::map<uint32_t, Inputs> resources;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> next_in_stream;  // by lane and view
  std::map<uint64_t, Snapshot> snapshots;
};

}  // namespace datong::simulation
