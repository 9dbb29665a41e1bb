// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/clock.h"

namespace datong::exchange::v1 {
class SourceEvent;
}

namespace datong::node {

// One reading of one unit (a file) by one source.
struct SourceRun {
  uint64_t run = 0;
  uint32_t source_id = 0;
  uint32_t resource_id = 0;
  uint32_t file_sequence = 0;
  std::string name, failure;
  std::string identity;  // empty: not known yet, or never
  uint64_t bytes_total = 0;
  uint64_t rows_published = 0;
  bool full = false;
  bool seen_before = false;
  bool snapshot = false;
  bool flows = false;             // a snapshot whose changes leave as they come
  base::TimeUs as_of = 0;         // of a snapshot
  bool as_of_declared = false;    // else it is the moment it began
  bool as_of_from_items = false;  // the latest event time of its rows counts
  std::vector<std::string> columns;
  bool ended = false;
  bool complete = false;
  base::TimeUs begun_time = 0;
  base::TimeUs ended_time = 0;
};

struct SourceState {
  uint32_t id = 0;
  std::string name;
  uint32_t resource_id = 0;
  std::string position;
  uint64_t open_run = 0;       // 0: none
  uint64_t last_snapshot = 0;  // run; 0: none
};

// Where every source stands: pure state, obtained only by applying the events of topic "sources" in order.
class SourceTable {
 public:
  absl::Status Apply(const exchange::v1::SourceEvent& event);

  const SourceState* Find(std::string_view name) const;
  const std::map<uint32_t, SourceState>& sources() const { return sources_; }
  const std::map<uint64_t, SourceRun>& runs() const { return runs_; }
  uint64_t PublishedOf(uint32_t resource_id) const;

  uint32_t NextSourceId() const { return static_cast<uint32_t>(sources_.size()) + 1; }
  uint64_t NextRun() const { return runs_.empty() ? 1 : runs_.rbegin()->first + 1; }
  uint32_t NextFileSequence(uint32_t resource_id) const;
  // The latest run under this name. It read the same unit if its content was the same: a file that went back to what it
  // was in between (A, B, A under one name) is a new unit; a dated file that comes again is not.
  const SourceRun* FindLatest(uint32_t resource_id, std::string_view name) const;

 private:
  std::map<uint32_t, SourceState> sources_;
  std::map<uint64_t, SourceRun> runs_;
  std::map<uint32_t, uint64_t> published_;       // by resource
  std::map<uint32_t, uint32_t> file_sequences_;  // highest, by resource
};

}  // namespace datong::node
