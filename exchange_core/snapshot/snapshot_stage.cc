// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/snapshot/snapshot_stage.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <type_traits>

#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/judge_entity.h"
#include "exchange_core/ledger/source_order.h"

namespace datong::snapshot {
namespace {

using catalog::SameKeyRule;
using ledger::Verdict;

constexpr char kSectionMagic[5] = "DTSS";
constexpr uint16_t kSectionVersion = 2;
// As many as the index looks up at once: their entries are still in the first cache when they are judged.
constexpr size_t kBlock = 64;

static_assert(sizeof(StagedRecord) == 64 && std::is_trivially_copyable_v<StagedRecord>);

bool KeyIsKnown(const record::RecordColumns& columns, size_t i) {
  if (columns.operation[i] == record::Operation::kSame) return false;
  return columns.operation[i] != record::Operation::kUnreadable || columns.key[i] != columns.id[i];
}

// Records in runs that are looked up in the same way: take(begin, end, same): those that are kSame, or others.
template <typename Take>
void ForEachRun(const std::vector<record::Operation>& operations, Take take) {
  for (size_t begin = 0; begin < operations.size();) {
    const bool same = operations[begin] == record::Operation::kSame;
    size_t end = begin + 1;
    while (end < operations.size() && (operations[end] == record::Operation::kSame) == same) ++end;
    take(begin, end, same);
    begin = end;
  }
}

// Held back for what the row is, not for who sent it, for another row of its key, or for what the index holds.
bool IsHeldBack(Verdict verdict) {
  return ledger::IsQuarantined(verdict) && verdict != Verdict::kConflictingRows && verdict != Verdict::kContentLeftOut;
}

}  // namespace

void SnapshotStage::Decide(const index::EntityIndex& index, const record::BatchHeader& header,
                           const record::RecordColumns& columns, uint64_t input_position, bool declared_version,
                           std::span<Verdict> verdicts) {
  DATONG_CHECK(verdicts.size() == columns.size() && !identity_.flows);
  const RowsAtHand rows{header, columns, input_position, declared_version};
  const uint32_t* entry = columns.same_entry.data();
  ForEachRun(columns.operation, [&](size_t begin, size_t end, bool same) {
    if (same) {
      DecideSame(index, rows, {entry, end - begin}, begin, verdicts);
      entry += end - begin;
      return;
    }
    for (; begin < end; begin += kBlock) DecideOthers(index, rows, begin, std::min(end, begin + kBlock), verdicts);
  });
}

void SnapshotStage::DecideOthers(const index::EntityIndex& index, const RowsAtHand& rows, size_t begin, size_t end,
                                 std::span<Verdict> verdicts) {
  numbers_.resize(end - begin);
  index.Look(std::span(rows.columns.key).subspan(begin, end - begin), numbers_, next_);
  for (const uint32_t number : numbers_) seen_.Prefetch(number);
  for (size_t i = begin; i < end; ++i) {
    if (verdicts[i] != Verdict::kUndecided) continue;
    if (rows.columns.operation[i] == record::Operation::kUnreadable) {
      verdicts[i] = Verdict::kUnreadableRow;
    } else if (rows.columns.operation[i] == record::Operation::kDelete) {
      verdicts[i] = Verdict::kUnchanged;
    } else {
      const index::IncomingRecord incoming{rows.columns.fingerprint[i], rows.columns.version[i],
                                           ledger::SourceOrder(rows.header, rows.columns, i), false};
      verdicts[i] = DecideRow(index, numbers_[i - begin], rows.columns.key[i], incoming, rows, i);
    }
  }
}

// Such a row was held when its source asked, behind the begin of this snapshot; where nobody changed the entry since
// that begin, it still is.
void SnapshotStage::DecideSame(const index::EntityIndex& index, const RowsAtHand& rows,
                               std::span<const uint32_t> entries, size_t begin, std::span<Verdict> verdicts) {
  for (size_t k = 0; k < entries.size(); ++k) {
    Verdict& verdict = verdicts[begin + k];
    if (verdict != Verdict::kUndecided) continue;
    if (entries[k] >= index.size()) {
      verdict = Verdict::kContentLeftOut;
      continue;
    }
    const index::EntityEntry& known = index.At(entries[k]);
    const bool untouched = known.content_position < identity_.begin_position;
    const index::IncomingRecord incoming{untouched ? known.fingerprint : base::Digest(),
                                         rows.columns.version[begin + k],
                                         ledger::SourceOrder(rows.header, rows.columns, begin + k), false};
    verdict = DecideRow(index, entries[k], known.key, incoming, rows, begin + k);
  }
}

Verdict SnapshotStage::DecideRow(const index::EntityIndex& index, uint32_t number, const base::Digest& key,
                                 const index::IncomingRecord& incoming, const RowsAtHand& rows, size_t i) {
  const bool is_known = number != index::EntityIndex::kNoEntry;
  const index::EntityEntry* known = is_known ? &index.At(number) : nullptr;
  const auto stage = [&] {
    if (rows.columns.operation[i] == record::Operation::kSame) return Verdict::kContentLeftOut;
    if (!is_known) marked_below_ = std::min(marked_below_, static_cast<uint32_t>(index.size()));
    Stage({key, incoming.fingerprint, incoming.version, incoming.source_order, rows.input_position,
           static_cast<uint32_t>(i), 0});
    return Verdict::kStaged;
  };
  const bool marked = is_known && seen_.Has(number);
  StagedRecord* earlier = LatestStaged(number, marked, key);
  if (is_known && !marked) seen_.Set(number);

  // What the earlier row said: its own content when it waits, else what the index held - unless somebody else changed
  // the key since.
  const bool index_is_earlier = marked && known->content_position < identity_.begin_position;
  if (earlier != nullptr || index_is_earlier) {
    const base::Digest& said = earlier != nullptr ? earlier->fingerprint : known->fingerprint;
    if (said == incoming.fingerprint) return Verdict::kDuplicate;
    if (identity_.same_key == SameKeyRule::kLast) {
      const Verdict verdict = stage();
      if (verdict == Verdict::kStaged && earlier != nullptr) earlier->set_aside = 1;
      return verdict;
    }
    if (earlier != nullptr && identity_.same_key == SameKeyRule::kQuarantine) earlier->set_aside = 1;
    return Verdict::kConflictingRows;
  }
  const Verdict verdict = index::JudgeEntity(known, incoming, rows.declared_version);
  return ledger::IsAdmitted(verdict) ? stage() : verdict;
}

StagedRecord* SnapshotStage::LatestStaged(uint32_t number, bool marked, const base::Digest& key) {
  // Most rows are of a known key that comes for the first time: the mark alone answers for them.
  if (staged_.empty() || (!marked && number < marked_below_)) return nullptr;
  const auto staged = staged_by_key_.find(key);
  return staged == staged_by_key_.end() ? nullptr : &staged_[staged->second - taken_];
}

size_t SnapshotStage::memory_bytes() const {
  return seen_.memory_bytes() + staged_.size() * sizeof(StagedRecord) +
         staged_by_key_.capacity() * (sizeof(std::pair<base::Digest, uint64_t>) + 1) +
         quarantined_keys_.capacity() * (sizeof(base::Digest) + 1);
}

void SnapshotStage::Stage(const StagedRecord& record) {
  staged_by_key_[record.key] = taken_ + staged_.size();
  staged_.push_back(record);
}

void SnapshotStage::NoteVerdicts(std::span<const Verdict> verdicts) {
  for (size_t i = 0; i < verdicts.size();) {
    size_t end = i + 1;
    while (end < verdicts.size() && verdicts[end] == verdicts[i]) ++end;
    verdicts_[verdicts[i]] += end - i;
    i = end;
  }
}

void SnapshotStage::NoteRows(const record::RecordColumns& columns, std::span<const Verdict> verdicts) {
  for (size_t i = 0; i < verdicts.size(); ++i) {
    const bool came_before = columns.row[i] != 0 && columns.row[i] <= row_max_;
    if (!came_before) ++rows_;
    row_max_ = std::max(row_max_, columns.row[i]);
    event_time_max_ = std::max(event_time_max_, columns.event_time[i]);
    if (!IsHeldBack(verdicts[i])) continue;
    if (KeyIsKnown(columns, i)) {
      quarantined_keys_.insert(columns.key[i]);
    } else {
      ++keyless_;
    }
  }
}

void SnapshotStage::Book(const record::RecordColumns& columns, std::span<const Verdict> verdicts) {
  NoteVerdicts(verdicts);
  NoteRows(columns, verdicts);
}

void SnapshotStage::Replay(const ledger::AdmittedColumns& kept, std::span<const Verdict> verdicts,
                           uint64_t input_position) {
  NoteVerdicts(verdicts);
  unread_.push_back({input_position, {verdicts.begin(), verdicts.end()}});
  for (size_t i = 0; i < kept.size(); ++i) {
    const auto staged = staged_by_key_.find(kept.key[i]);
    StagedRecord* earlier = staged == staged_by_key_.end() ? nullptr : &staged_[staged->second - taken_];
    if (kept.verdict[i] == Verdict::kStaged) {
      marked_below_ = 0;  // marks come only when the batch is read again
      if (earlier != nullptr) earlier->set_aside = 1;
      Stage(
          {kept.key[i], kept.fingerprint[i], kept.version[i], kept.source_order[i], input_position, kept.record[i], 0});
    } else if (kept.verdict[i] == Verdict::kConflictingRows && earlier != nullptr &&
               identity_.same_key == SameKeyRule::kQuarantine) {
      earlier->set_aside = 1;
    }
  }
}

void SnapshotStage::ReadAgain(const index::EntityIndex& index, const record::RecordColumns& columns,
                              std::span<const Verdict> verdicts) {
  NoteRows(columns, verdicts);
  const auto says_something = [&](size_t i) {
    return !IsHeldBack(verdicts[i]) && verdicts[i] != Verdict::kUnauthorized;
  };
  const uint32_t* entry = columns.same_entry.data();
  ForEachRun(columns.operation, [&](size_t begin, size_t end, bool same) {
    if (same) {
      for (size_t i = begin; i < end; ++i, ++entry) {
        if (says_something(i) && *entry < index.size()) seen_.Set(*entry);
      }
      return;
    }
    numbers_.resize(end - begin);
    index.Look(std::span(columns.key).subspan(begin, end - begin), numbers_, next_);
    for (size_t i = begin; i < end; ++i) {
      const bool names_its_key = columns.operation[i] == record::Operation::kUpsert && says_something(i);
      if (names_its_key && numbers_[i - begin] != index::EntityIndex::kNoEntry) seen_.Set(numbers_[i - begin]);
    }
  });
}

void SnapshotStage::See(const index::EntityIndex& index, const base::Digest& key) {
  const uint32_t number = index.NumberOf(key);
  if (number != index::EntityIndex::kNoEntry) seen_.Set(number);
}

void SnapshotStage::TakeFront(const index::EntityIndex& index, size_t count) {
  DATONG_CHECK(count <= staged_.size());
  for (size_t i = 0; i < count; ++i) {
    const StagedRecord& record = staged_.front();
    See(index, record.key);  // it may have an entry only now
    const auto latest = staged_by_key_.find(record.key);
    if (latest != staged_by_key_.end() && latest->second == taken_) staged_by_key_.erase(latest);
    staged_.pop_front();
    ++taken_;
  }
}

void SnapshotStage::DropStaged() {
  staged_.clear();
  staged_by_key_.clear();
  taken_ = 0;
}

bool SnapshotStage::HasSeen(const index::EntityIndex& index, uint32_t number) const {
  if (seen_.Has(number)) return true;
  const base::Digest& key = index.At(number).key;
  return quarantined_keys_.contains(key) || staged_by_key_.contains(key);
}

bool SnapshotStage::IsDue(const index::EntityIndex& index, uint32_t number) const {
  if (seen_.Has(number)) return false;  // nearly all, and this is all that is read for them
  const index::EntityEntry& entry = index.At(number);
  return entry.deleted == 0 && entry.source_id == static_cast<uint16_t>(identity_.source_id) &&
         entry.content_position < identity_.begin_position &&
         entry.source_order >> ledger::kRowBits <= identity_.file_sequence && !HasSeen(index, number);
}

// frame "DTSS" 1 | identity, phase, numbers | seen words | quarantined keys, ascending | staged records as in memory
void SnapshotStage::Serialize(const index::EntityIndex& index, std::string& out) const {
  out.append(base::Frame(kSectionMagic, kSectionVersion, {}));
  base::PutVarint(out, identity_.snapshot);
  base::PutVarint(out, identity_.resource_id);
  base::PutVarint(out, identity_.partition);
  base::PutVarint(out, identity_.source_id);
  base::PutVarint(out, identity_.publisher_id);
  base::PutVarint(out, identity_.file_sequence);
  base::PutBytes(out, identity_.file);
  base::PutVarint(out, base::ZigZag(identity_.as_of));
  base::PutVarint(out, identity_.begin_position);
  base::PutVarint(out, identity_.flows ? 1 : 0);
  base::PutVarint(out, static_cast<uint64_t>(identity_.same_key));
  base::PutVarint(out, static_cast<uint64_t>(phase_));
  base::PutVarint(out, rows_);
  base::PutVarint(out, row_max_);
  base::PutVarint(out, keyless_);
  base::PutVarint(out, base::ZigZag(event_time_max_));
  base::PutVarint(out, verdicts_.size());
  for (const auto& [verdict, records] : verdicts_) {
    base::PutVarint(out, static_cast<uint64_t>(verdict));
    base::PutVarint(out, records);
  }
  // A staged key may have got its entry since: then a mark says so, as it does after a replay.
  index::SeenMarks seen = seen_;
  for (const StagedRecord& record : staged_) {
    const uint32_t number = index.NumberOf(record.key);
    if (number != index::EntityIndex::kNoEntry) seen.Set(number);
  }
  const std::vector<uint64_t> words = seen.Words();
  base::PutVarint(out, words.size());
  for (const uint64_t word : words) base::PutFixed(out, word);
  std::vector<base::Digest> keys(quarantined_keys_.begin(), quarantined_keys_.end());
  std::sort(keys.begin(), keys.end());
  base::PutVarint(out, keys.size());
  for (const base::Digest& key : keys) base::PutFixed(out, key);
  base::PutVarint(out, staged_.size());
  for (const StagedRecord& record : staged_) base::PutFixed(out, record);
}

absl::StatusOr<std::unique_ptr<SnapshotStage>> SnapshotStage::Parse(std::string_view section) {
  ASSIGN_OR_RETURN(const std::string_view body,
                   base::Unframe(kSectionMagic, kSectionVersion, "snapshot section", section));
  const auto damaged = [] {
    return absl::DataLossError("snapshot section: it does not parse. Rebuild the index from the ledger");
  };
  base::ByteReader reader(body);
  StageIdentity identity;
  identity.snapshot = reader.Varint();
  identity.resource_id = static_cast<uint32_t>(reader.Varint());
  identity.partition = static_cast<uint32_t>(reader.Varint());
  identity.source_id = static_cast<uint32_t>(reader.Varint());
  identity.publisher_id = static_cast<uint32_t>(reader.Varint());
  identity.file_sequence = static_cast<uint32_t>(reader.Varint());
  identity.file = std::string(reader.Bytes());
  identity.as_of = base::UnZigZag(reader.Varint());
  identity.begin_position = reader.Varint();
  identity.flows = reader.Varint() != 0;
  const uint64_t same_key = reader.Varint();
  const uint64_t phase = reader.Varint();
  if (!reader.ok() || same_key > 2 || phase > 3) return damaged();
  identity.same_key = static_cast<SameKeyRule>(same_key);
  auto stage = std::make_unique<SnapshotStage>(std::move(identity));
  stage->phase_ = static_cast<StagePhase>(phase);
  stage->rows_ = reader.Varint();
  stage->row_max_ = reader.Varint();
  stage->keyless_ = reader.Varint();
  stage->event_time_max_ = base::UnZigZag(reader.Varint());
  for (uint64_t left = reader.Varint(); left > 0 && reader.ok(); --left) {
    const auto verdict = ledger::VerdictFromCode(static_cast<uint32_t>(reader.Varint()));
    if (!verdict) return damaged();
    stage->verdicts_[*verdict] = reader.Varint();
  }
  const uint64_t words = reader.Varint();
  if (!reader.ok() || words > reader.rest().size() / sizeof(uint64_t)) return damaged();
  std::vector<uint64_t> seen(words);
  for (uint64_t& word : seen) word = reader.Fixed<uint64_t>();
  stage->seen_.Assign(std::move(seen));
  const uint64_t keys = reader.Varint();
  if (!reader.ok() || keys > reader.rest().size() / sizeof(base::Digest)) return damaged();
  for (uint64_t i = 0; i < keys; ++i) stage->quarantined_keys_.insert(reader.Fixed<base::Digest>());
  const uint64_t staged = reader.Varint();
  const size_t left = reader.rest().size();  // divided: the product could be more than a number holds
  if (!reader.ok() || left % sizeof(StagedRecord) != 0 || left / sizeof(StagedRecord) != staged) return damaged();
  if (staged > 0) stage->marked_below_ = 0;  // which of their keys had an entry is not stored
  for (uint64_t i = 0; i < staged; ++i) stage->Stage(reader.Fixed<StagedRecord>());
  return stage;
}

}  // namespace datong::snapshot
