// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/digest.h"
#include "exchange_core/index/seen_marks.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/record_batch.h"

namespace datong::index {

// What is known about one key: its current version and fingerprint, and where its current record is.
// The record itself stays in the log: (content_position, content_record) of pub.<resource>, this partition. There are
// as many of these as there are people or companies, so positions share their words with record numbers.
inline constexpr int kPositionBits = 44;  // 17 million million batches in one partition, or commits of one lane
inline constexpr int kRecordBits = 20;    // base::kBatchRecordsMax
struct EntityEntry {
  base::Digest key;
  base::Digest fingerprint;
  int64_t version = 0;
  uint64_t source_order = 0;
  // kNoContent: none (a delete of a key never seen, kept for its declared version).
  uint64_t content_position : kPositionBits = 0;
  uint64_t content_record : kRecordBits = 0;
  uint64_t first_sequence : kPositionBits = 0;  // lane sequence of first sight
  uint64_t first_record : kRecordBits = 0;      // record number of first sight
  uint32_t last_snapshot = 0;  // low bits of the snapshot that brought the current record or the delete; 0 = none
  uint16_t source_id = 0;      // who supplied the current record or the delete
  uint16_t deleted = 0;        // 1: a tombstone; fingerprint and content_* are those of the record before the delete
};
inline constexpr uint64_t kNoContent = (uint64_t{1} << kPositionBits) - 1;

// Where a batch stands, for the entries it makes.
struct BatchPlace {
  uint64_t lane_sequence = 0;
  uint64_t input_position = 0;
  uint16_t source_id = 0;
  uint32_t snapshot = 0;
};

// A snapshot whose changes flow as they come, for Decide: what it has seen, and what a second row of a key comes to.
struct FlowingSnapshot {
  SeenMarks& seen;
  uint64_t begin_position = 0;     // of its begin mark in the input: what stands behind it changed since
  bool last_row_prevails = false;  // else a second row with other content is kConflictingRows
};

// The present state of one (entity resource, partition), by key. Open addressing over dense entries; a batch is looked
// up with prefetching. Derived state: losing it costs a rebuild from the ledger, never a duplicate. Owned by one lane;
// not thread-safe.
class EntityIndex {
 public:
  // `salt`: any number, best a random one, that publishers cannot know; it changes no answer and nothing stored.
  explicit EntityIndex(uint64_t salt = 0);
  ~EntityIndex();

  // Judges every record whose verdict is kUndecided, in order, and learns what it admits: a later record of the batch
  // sees an earlier one. `declared_version`: the resource has a version item; if not, the version column is kept but
  // not looked at. The order of a key is (version, source order); the rules are judge_entity.h. "+" = unchanged_newer
  // instead, when the declared version grew: the index keeps the greater version and nothing else.
  //              unknown key   known, record is:  older             same order    newer
  //   upsert     inserted      same content       duplicate         duplicate     unchanged+
  //                            other content      stale             updated       updated
  //                            deleted key        duplicate/stale   dup./stale    inserted      (same/other content)
  //   delete     unchanged+    live key           stale             deleted       deleted
  //                            deleted key        stale             duplicate     unchanged+
  // "Updated" at the same order is a corrected mapping of the same row. kUnreadable records become kUnreadableRow.
  // `flowing`: the batch belongs to such a snapshot; its keys are marked as seen.
  void Decide(const record::BatchHeader& header, const record::RecordColumns& columns, const BatchPlace& place,
              bool declared_version, std::span<ledger::Verdict> verdicts, const FlowingSnapshot* flowing = nullptr);

  // Learns from a ledger entry exactly what Decide learned when the entry was made.
  void Replay(const ledger::AdmittedColumns& admitted, const BatchPlace& place);

  const EntityEntry* Find(const base::Digest& key) const;  // valid until the next Decide or Replay

  // Entries have numbers, 0, 1, 2, ... in order of first sight, which stay for good: in checkpoints and replays too.
  // Gives the numbers of many keys at once, kNoEntry for unknown ones; `numbers` has keys.size() elements. Keys in the
  // order of their numbers cost least: the table is not asked then. `next`: the number that the first may well have,
  // and afterwards the one that a key behind the last may well have; any number is allowed.
  static constexpr uint32_t kNoEntry = UINT32_MAX;
  void Look(std::span<const base::Digest> keys, std::span<uint32_t> numbers, uint32_t& next) const;
  uint32_t NumberOf(const base::Digest& key) const;  // kNoEntry: unknown
  const EntityEntry& At(uint32_t number) const;      // number < size(); valid until the next Decide or Replay
  size_t size() const;                               // entries, tombstones included
  size_t live() const;
  size_t LiveOf(uint16_t source_id) const;  // those that this source supplied last
  size_t memory_bytes() const;
  void ForEach(const std::function<void(const EntityEntry&)>& visit) const;  // in order of first sight

  // Smallest content_position of a live entry, UINT64_MAX when none: what retention must keep. Scans all entries.
  uint64_t OldestContent() const;

  // Checkpoint section: deterministic for equal content and history.
  void Serialize(std::string& out) const;
  absl::Status Load(std::string_view section);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace datong::index
