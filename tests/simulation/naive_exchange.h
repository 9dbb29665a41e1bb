// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/node/exchange.h"
#include "tests/simulation/department.h"
#include "tests/simulation/witness.h"

namespace datong::simulation {

// The exchange as a person would write it who has all memory and all time: maps of whole rows, no digests, no index, no
// batches. It takes the inputs in the order in which the lanes took them (the ledger says which message came when) and
// says what should have become of every record.
class NaiveExchange {
 public:
  struct Change {  // an accepted record
    uint32_t lane = 0;
    uint64_t lane_sequence = 0;  // of the ledger entry that decided it
    ledger::Verdict verdict;     // kInserted, kUpdated, kDeleted
    std::string key;             // the value of "code"
    std::string digest;          // of the key, as the exchange shows it
    uint32_t partition = 0;      // where the record was published
    uint64_t position = 0;
    size_t record = 0;  // its number in the batch there
    const Dump* dump = nullptr;
    uint32_t file_sequence = 0;  // the exchange's number for the dump
    uint64_t row = 0;            // 1-based
    int64_t version = 0;         // declared, else 0
    // Not nullptr: a delete of the exchange's own, of a key that this full dump lacks. What is above is the last
    // content; the stream says it as row 0 of the dump, what is sent again says it where the content stands.
    const Dump* lacking = nullptr;
    bool IsSaidBy(const std::string& file, uint64_t said_row, bool in_stream) const {
      const bool of_dump = in_stream && lacking != nullptr;
      return file == (of_dump ? lacking : dump)->name && said_row == (of_dump ? 0 : row);
    }
    const Row& content() const { return dump->rows[row - 1]; }
  };
  struct Start {                   // of a subscription in a lane
    uint64_t lane_sequence = 0;    // changes of later entries come through the stream
    uint64_t stream_sequence = 1;  // of the first of them
    size_t changes_before = 0;     // of this lane and resource
    bool finished = false;         // the lane says that it has sent again what had to be
  };
  struct ResourceState {
    std::vector<std::vector<Change>> changes;      // by lane, in the order of the ledger
    std::map<std::string, Change> present;         // by key; entities
    std::map<ledger::Verdict, uint64_t> verdicts;  // how often each; what was staged counts as what it has become
    uint64_t generated = 0;                        // deletes of the exchange's own, which are among the verdicts
    std::map<uint32_t, uint64_t> needed_from;      // by partition: where the oldest snapshot that is not done begins
  };

  // Replays everything the witness saw. Complaints: a verdict in the ledger that differs from what should have been, an
  // input decided twice, left out, or out of order, a row nobody wrote.
  // `runs`: which dump a run read (name and identity), and nothing else of it.
  NaiveExchange(const Departments& departments, const Witness& witness, const catalog::CatalogTable& catalog,
                const std::vector<node::RunBooks>& runs);
  ~NaiveExchange();

  const std::map<std::string, ResourceState>& resources() const { return resources_; }
  // By subscription and lane; missing: the lane has not started it.
  const std::map<std::string, std::map<uint32_t, Start>>& starts() const { return starts_; }
  const std::vector<std::string>& complaints() const { return complaints_; }
  // What is decided, or ended and should be, and has not taken effect: right only for a while.
  const std::vector<std::string>& unfinished() const { return unfinished_; }
  uint64_t judged() const { return judged_; }  // records

 private:
  struct Replay;
  std::map<std::string, ResourceState> resources_;
  std::map<std::string, std::map<uint32_t, Start>> starts_;
  std::vector<std::string> complaints_, unfinished_;
  uint64_t judged_ = 0;
};

}  // namespace datong::simulation
