// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/index/judge_entity.h"
#include "exchange_core/index/seen_marks.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/record_batch.h"

namespace datong::snapshot {

// What a snapshot is, as its begin mark said. Constant.
struct StageIdentity {
  uint64_t snapshot = 0;  // the run that reads it
  uint32_t resource_id = 0;
  uint32_t partition = 0;
  uint32_t source_id = 0;
  uint32_t publisher_id = 0;
  uint32_t file_sequence = 0;  // the order of its rows and of its deletes
  std::string file;
  base::TimeUs as_of = 0;
  uint64_t begin_position = 0;  // of the begin mark in the input
  bool flows = false;           // its changes left as they came: nothing is staged
  catalog::SameKeyRule same_key = catalog::SameKeyRule::kQuarantine;
};

enum class StagePhase : uint8_t {
  kOpen = 0,       // its rows are coming
  kEnded = 1,      // all rows are there; the report is due
  kBrokenOff = 2,  // no more rows will come, and nothing staged counts; the report is due
  kReported = 3,   // waits for the decision
};

// A change that waits. Its content stands in the log: (position, record) of pub.<resource>, this partition.
struct StagedRecord {
  base::Digest key, fingerprint;
  int64_t version = 0;
  uint64_t source_order = 0;
  uint64_t position = 0;
  uint32_t record = 0;
  uint32_t set_aside = 0;  // 1: another row has the same key, and this one does not prevail
};

// One partition's memory of one snapshot that is not done: what it has seen, and the changes that wait for the
// decision. Derived state: what it holds follows from the ledger and, for what it has seen, from the input behind the
// begin mark. The index it is used with is always the one of its resource and partition. Owned by one lane; not
// thread-safe.
class SnapshotStage {
 public:
  explicit SnapshotStage(StageIdentity identity) : identity_(std::move(identity)) {}

  const StageIdentity& identity() const { return identity_; }
  StagePhase phase() const { return phase_; }
  void SetPhase(StagePhase phase) { phase_ = phase; }

  // Judges every record whose verdict is kUndecided: what the index knows already is told at once, what would change it
  // becomes kStaged and waits here. A row that says "gone" is as good as no row: kUnchanged, and not seen.
  //                              first row of its key     a later one: same content   other content, by `same_key`
  //   would change the index     staged                   duplicate                   first: conflicting_rows
  //   would not                  as judge_entity.h says   duplicate                   last: staged, the earlier set
  //   aside
  //                                                                                   quarantine: conflicting_rows, and
  //                                                                                   the earlier, if staged, set aside
  // A row that says "same" is judged like the row it stands for, with the content that its entry had when the snapshot
  // began, or with another one where the entry's content changed since. Where such a row would be staged there is no
  // content to stage: kContentLeftOut.
  void Decide(const index::EntityIndex& index, const record::BatchHeader& header, const record::RecordColumns& columns,
              uint64_t input_position, bool declared_version, std::span<ledger::Verdict> verdicts);
  // For EntityIndex::Decide, when the snapshot flows.
  index::FlowingSnapshot AsFlowing() {
    return {seen_, identity_.begin_position, identity_.same_key == catalog::SameKeyRule::kLast};
  }

  // Books a decided batch: its numbers, and keys of quarantined rows, which count as seen. Behind Decide.
  void Book(const record::RecordColumns& columns, std::span<const ledger::Verdict> verdicts);

  // The same from a ledger entry. What the batch's rows were is not in it: the batch is to be read again if the
  // snapshot is still open when the replay ends (unread()).
  void Replay(const ledger::AdmittedColumns& kept, std::span<const ledger::Verdict> verdicts, uint64_t input_position);
  struct Unread {
    uint64_t input_position;
    std::vector<ledger::Verdict> verdicts;
  };
  std::vector<Unread> TakeUnread() { return std::exchange(unread_, {}); }
  void ReadAgain(const index::EntityIndex& index, const record::RecordColumns& columns,
                 std::span<const ledger::Verdict> verdicts);

  // Staged records in the order they came.
  size_t staged() const { return staged_.size(); }
  const StagedRecord& Staged(size_t i) const { return staged_[i]; }
  // The oldest `count` are decided: forgets them. The index has learned from them already.
  void TakeFront(const index::EntityIndex& index, size_t count);
  void DropStaged();

  // The first entry from `number` on that no row named, or a number behind all entries.
  uint32_t NextNotNamed(uint32_t number) const { return seen_.NextWithout(number); }
  size_t memory_bytes() const;
  // Whether the snapshot's lack of this key means that it is gone: the source supplied it last, nobody changed it since
  // the snapshot began, and its order is not later. Times are the caller's to look at.
  bool IsDue(const index::EntityIndex& index, uint32_t number) const;

  // Of the rows so far.
  const std::map<ledger::Verdict, uint64_t>& verdicts() const { return verdicts_; }
  // A publisher that cannot know whether its rows arrived sends them again, in their order: those count once. Verdicts
  // are of all that came.
  uint64_t rows() const { return rows_; }
  uint64_t keyless() const { return keyless_; }  // rows whose key cannot be read
  base::TimeUs event_time_max() const { return event_time_max_; }

  // Checkpoint section: deterministic for equal content and history.
  void Serialize(const index::EntityIndex& index, std::string& out) const;
  static absl::StatusOr<std::unique_ptr<SnapshotStage>> Parse(std::string_view section);

 private:
  struct RowsAtHand {
    const record::BatchHeader& header;
    const record::RecordColumns& columns;
    uint64_t input_position;
    bool declared_version;
  };

  void Stage(const StagedRecord& record);
  void DecideOthers(const index::EntityIndex& index, const RowsAtHand& rows, size_t begin, size_t end,
                    std::span<ledger::Verdict> verdicts);
  void DecideSame(const index::EntityIndex& index, const RowsAtHand& rows, std::span<const uint32_t> entries,
                  size_t begin, std::span<ledger::Verdict> verdicts);
  // Row i, of the entry `number` (kNoEntry: none yet) and of `key`.
  ledger::Verdict DecideRow(const index::EntityIndex& index, uint32_t number, const base::Digest& key,
                            const index::IncomingRecord& incoming, const RowsAtHand& rows, size_t i);
  // The staged record of this key that came last. `number`: of the key's entry, or kNoEntry; `marked`: it has a mark.
  StagedRecord* LatestStaged(uint32_t number, bool marked, const base::Digest& key);
  bool HasSeen(const index::EntityIndex& index, uint32_t number) const;
  void See(const index::EntityIndex& index, const base::Digest& key);
  void NoteVerdicts(std::span<const ledger::Verdict> verdicts);
  void NoteRows(const record::RecordColumns& columns, std::span<const ledger::Verdict> verdicts);

  const StageIdentity identity_;
  StagePhase phase_ = StagePhase::kOpen;
  index::SeenMarks seen_;                               // entries that some row named
  absl::flat_hash_set<base::Digest> quarantined_keys_;  // of rows that were held back: no row of theirs is no delete
  std::deque<StagedRecord> staged_;
  uint64_t taken_ = 0;                                         // staged records forgotten at the front
  absl::flat_hash_map<base::Digest, uint64_t> staged_by_key_;  // the latest of a key: taken_ + place in staged_
  // Entries below have a mark when their key is staged; one above may have come after its key was staged.
  uint32_t marked_below_ = UINT32_MAX;
  std::map<ledger::Verdict, uint64_t> verdicts_;
  uint64_t rows_ = 0;
  uint64_t row_max_ = 0;  // of the file
  uint64_t keyless_ = 0;
  base::TimeUs event_time_max_ = 0;
  std::vector<Unread> unread_;     // while replaying
  std::vector<uint32_t> numbers_;  // reused
  uint32_t next_ = 0;              // entry of the next row, if rows come in the order in which keys were first seen
};

}  // namespace datong::snapshot
