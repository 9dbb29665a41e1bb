// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/verdict.h"

namespace datong::pipeline {

using VerdictCounts = std::map<ledger::Verdict, uint64_t>;

struct InputState {
  broker::Position next = 0;
  struct Mark {
    base::TimeUs receive_time;
    broker::Position position;
  };
  std::deque<Mark> marks;  // the first input of each hour
};

struct StreamState {
  uint64_t next_sequence = 1;  // of the next record this lane delivers into it
  uint64_t filtered = 0;
};

struct SubscriptionStartState {
  uint64_t start_sequence = 1;  // it receives the stream from here on, of this lane
  uint64_t start_accepted = 0;
  uint64_t start_filtered = 0;
  uint64_t started_at_sequence = 0;  // ledger entry
  bool started = false;              // what had to be sent again is sent
  uint64_t again_next_sequence = 1;
  uint32_t cursor_partition = 0;
  uint64_t cursor_position = 0;
};

struct RunState {
  VerdictCounts verdicts;  // of its rows
  uint64_t generated = 0;  // deletes of keys that it lacked
  struct StreamMark {
    uint64_t records = 0;
    uint64_t last_sequence = 0;
  };
  std::map<uint32_t, StreamMark> streams;  // by view
};

// What a lane knows besides its indexes. Changed only by Account(), by the lane that decides and by the one that
// replays alike: so both arrive at the same books.
struct LaneState {
  ledger::ChainHead head;
  broker::Position ledger_next = 0;
  uint64_t catalog_version = 0;
  base::TimeUs commit_time = 0;
  std::map<std::pair<uint32_t, uint32_t>, InputState> inputs;  // (resource, partition)
  std::map<uint32_t, StreamState> streams;                     // by view
  std::map<uint32_t, SubscriptionStartState> subscriptions;
  std::map<uint32_t, VerdictCounts> resources;  // of published and generated records
  std::map<uint32_t, uint64_t> generated;       // by resource: records of the exchange's own
  // (resource, run): which run it is of is a batch's own word, so it counts within the batch's resource alone.
  std::map<std::pair<uint32_t, uint64_t>, RunState> runs;

  uint64_t AcceptedOf(uint32_t resource_id) const;
};

// Books the entry. DataLoss when it contradicts the state (a stream sequence that jumps, unknown verdict codes).
absl::Status Account(const ledger::v1::LedgerEntry& entry, LaneState& state);

std::string SerializeLaneState(const LaneState& state, uint32_t lane);
absl::Status ParseLaneState(std::string_view bytes, uint32_t lane, LaneState& into);

}  // namespace datong::pipeline
