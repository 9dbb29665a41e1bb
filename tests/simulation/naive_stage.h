// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "exchange_core/ledger/verdict.h"
#include "tests/simulation/department.h"
#include "tests/simulation/naive_rules.h"

namespace datong::simulation {

// One partition of a snapshot that is not done, as a person would keep it who has all memory: the rows that wait, as
// rows, and every key that was named. docs/snapshots.md.
class NaiveStage {
 public:
  struct Identity {
    uint64_t snapshot = 0;
    std::string source;
    uint32_t partition = 0;
    uint32_t file_sequence = 0;
    const Dump* dump = nullptr;
    bool flows = false;  // its changes leave as they come
    FullPlan::SameKey same_key = FullPlan::SameKey::kQuarantine;
    uint64_t begin_position = 0;  // of the begin mark in the input
    uint64_t begin_moment = 0;    // of the register: what has a later content changed since
  };
  enum class Phase { kOpen, kEnded, kBrokenOff, kReported };
  struct Waiting {
    std::string key;
    const Row* row = nullptr;
    SourcePlace place;
    uint64_t position = 0;
    size_t record = 0;
    bool set_aside = false;  // another row of its key is there, and this one does not prevail
    bool same = false;       // it names what the exchange held when the snapshot began
  };
  // What the decision is made of.
  struct Facts {
    uint64_t rows = 0, keyless = 0, inserts = 0, updates = 0, conflicting = 0, source_keys = 0, absent = 0;
    bool broken_off = false;
  };

  explicit NaiveStage(Identity identity) : identity_(std::move(identity)) {}
  const Identity& identity() const { return identity_; }
  Supplier supplier() const { return {identity_.source, identity_.partition, identity_.snapshot}; }

  // What becomes of a readable row for now. Where changes flow the register learns at once.
  ledger::Verdict Take(NaiveRegister& entities, const Waiting& incoming);
  // A row that nobody can read; `key`: "" when it can't be told whose row it is.
  void TakeDefective(const std::string& key);
  // Missing in the snapshot means that it is gone.
  bool IsDue(const std::string& key, const NaiveRegister::Entry& entry) const;
  Facts FactsOf(const NaiveRegister& entities) const;

  Phase phase = Phase::kOpen;
  std::deque<Waiting> waiting;

 private:
  ledger::Verdict TakeFlowing(NaiveRegister& entities, const Waiting& incoming, bool named);
  ledger::Verdict TakeSecondRow(const NaiveRegister& entities, Waiting* earlier, const Row& said,
                                const Waiting& incoming);
  // A row that says "same" has no content to compare once the key's content is another one than at the begin.
  bool SaysTheSame(const NaiveRegister& entities, const Row& said, const Waiting& incoming) const;
  Waiting* LatestOf(const std::string& key);
  bool ChangedSince(const NaiveRegister::Entry& entry) const { return entry.content_at > identity_.begin_moment; }

  const Identity identity_;
  std::set<std::string> named_;      // by rows that could be read
  std::set<std::string> defective_;  // by rows that could not, but for the key
  std::map<ledger::Verdict, uint64_t> verdicts_;
  uint64_t rows_ = 0, keyless_ = 0;
};

}  // namespace datong::simulation
