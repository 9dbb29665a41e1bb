// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/entity_index.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <bit>
#include <cstddef>

#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/chunk_ring.h"
#include "exchange_core/index/judge_entity.h"
#include "exchange_core/index/slot_table.h"
#include "exchange_core/ledger/source_order.h"

namespace datong::index {
namespace {

using ledger::Verdict;

constexpr uint32_t kNoEntry = EntityIndex::kNoEntry;
static_assert(kNoEntry == SlotTable::kNone);
constexpr char kSectionMagic[5] = "DTEI";
constexpr uint16_t kSectionVersion = 2;
constexpr uint32_t kChunkEntries = 1u << 18;  // of 72 bytes: exactly nine huge pages
using Entries = ChunkRing<EntityEntry, kChunkEntries>;
constexpr uint32_t kPassedOverMax = 4;  // entries whose keys are missing where keys come in their order
// Records whose cache lines are under way at once: enough to hide memory, few enough to stay in the first cache.
constexpr size_t kBlock = 64;

// Entries are stored as they stand in memory; these hold the stored layout fixed.
static_assert(sizeof(EntityEntry) == 72 && std::is_trivially_copyable_v<EntityEntry>);
static_assert(offsetof(EntityEntry, version) == 32 && offsetof(EntityEntry, last_snapshot) == 64);
static_assert(offsetof(EntityEntry, source_id) == 68 && std::endian::native == std::endian::little);
static_assert(base::kBatchRecordsMax <= 1u << kRecordBits);

void CheckFits(const BatchPlace& place) {
  DATONG_CHECK(place.input_position < kNoContent && place.lane_sequence <= kNoContent);
}

}  // namespace

struct EntityIndex::Impl {
  explicit Impl(uint64_t the_salt) : salt(the_salt) {}

  uint64_t HashOf(const base::Digest& key) const { return PlaceOf(key, salt); }

  void EnsureRoom(size_t more) {
    const size_t needed = table.size() + more;
    if (needed <= table.capacity()) return;
    table.Rebuild(std::max(needed, table.capacity() + table.capacity() / 4), entries.begin(), entries.size(),
                  [this](uint32_t number) { return HashOf(entries.At(number).key); });
  }

  void PrefetchEntry(uint32_t number) const {
    const auto* entry = reinterpret_cast<const char*>(&entries.At(number));
    __builtin_prefetch(entry);
    __builtin_prefetch(entry + sizeof(EntityEntry) - 1);  // an entry mostly lies in two lines
  }

  uint32_t FindNumber(uint64_t hash, const base::Digest& key, uint32_t candidate = SlotTable::kNone) const {
    if (candidate != SlotTable::kNone && entries.At(candidate).key == key) return candidate;
    uint32_t number;
    const bool found = table.Find(
        hash, [&](uint32_t n) { return entries.At(n).key == key; }, number);
    return found ? number : kNoEntry;
  }
  EntityEntry* Find(uint64_t hash, const base::Digest& key, uint32_t candidate = SlotTable::kNone) const {
    const uint32_t number = FindNumber(hash, key, candidate);
    return number == kNoEntry ? nullptr : &entries.At(number);
  }

  // Rows of a dump mostly come in the order in which their keys were first seen: as long as each key is that of the
  // next entry, or of one soon behind it, nothing is looked up. Gives how many it found.
  size_t Follow(std::span<const base::Digest> keys, std::span<uint32_t> numbers, uint32_t next) const {
    for (size_t found = 0; found < keys.size(); ++found) {
      const uint32_t passed_over = next;
      while (next < entries.end() && next - passed_over < kPassedOverMax && entries.At(next).key != keys[found]) ++next;
      if (next >= entries.end() || next - passed_over == kPassedOverMax) return found;
      numbers[found] = next++;
    }
    return keys.size();
  }

  // At most kBlock keys.
  void LookInTable(std::span<const base::Digest> keys, std::span<uint32_t> numbers) const {
    uint64_t hash[kBlock];
    for (size_t i = 0; i < keys.size(); ++i) {
      hash[i] = HashOf(keys[i]);
      table.Prefetch(hash[i]);
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      numbers[i] = table.Candidate(hash[i]);
      if (numbers[i] != SlotTable::kNone) PrefetchEntry(numbers[i]);
    }
    for (size_t i = 0; i < keys.size(); ++i) numbers[i] = FindNumber(hash[i], keys[i], numbers[i]);
  }

  void CountLive(const EntityEntry& entry, int change) {
    if (entry.deleted != 0) return;
    if (entry.source_id >= live_of_source.size()) live_of_source.resize(entry.source_id + size_t{1});
    live_of_source[entry.source_id] += static_cast<size_t>(change);
    live += static_cast<size_t>(change);
  }

  // The one way in which the index changes, for Decide and Replay alike. There is room for one more.
  void Learn(EntityEntry* known, uint64_t hash, const base::Digest& key, const base::Digest& fingerprint,
             int64_t version, uint64_t source_order, uint32_t record, Verdict verdict, const BatchPlace& place) {
    if (known == nullptr) {
      table.Insert(hash, entries.end());
      EntityEntry fresh;
      fresh.key = key;
      fresh.content_position = kNoContent;
      fresh.first_sequence = place.lane_sequence;
      fresh.first_record = record;
      fresh.deleted = 1;
      known = &entries.Append(fresh);
    }
    known->version = version;
    known->source_order = source_order;
    if (verdict == Verdict::kUnchangedNewer) return;
    const uint16_t deleted = verdict == Verdict::kDeleted ? 1 : 0;
    CountLive(*known, -1);
    known->source_id = place.source_id;
    known->last_snapshot = place.snapshot;
    known->deleted = deleted;
    CountLive(*known, 1);
    if (deleted != 0) return;
    known->fingerprint = fingerprint;
    known->content_position = place.input_position;
    known->content_record = record;
  }

  // What a row of a flowing snapshot comes to when the snapshot has had its key before; kUndecided: judge it as ever.
  static Verdict JudgeSecondRow(const EntityEntry& known, const IncomingRecord& incoming, const BatchPlace& place,
                                const FlowingSnapshot& flowing) {
    // Where somebody else changed the key since, what the first row said is not known any more.
    const bool of_first_row = known.content_position < flowing.begin_position || known.last_snapshot == place.snapshot;
    if (flowing.last_row_prevails || incoming.is_delete || known.deleted != 0 || !of_first_row) {
      return Verdict::kUndecided;
    }
    return known.fingerprint == incoming.fingerprint ? Verdict::kDuplicate : Verdict::kConflictingRows;
  }

  template <bool kFlowing>
  void DecideBlock(const record::BatchHeader& header, const record::RecordColumns& columns, const BatchPlace& place,
                   bool declared_version, size_t begin, size_t end, std::span<Verdict> verdicts,
                   const FlowingSnapshot* flowing) {
    uint64_t hash[kBlock];
    uint32_t candidate[kBlock];
    for (size_t i = begin; i < end; ++i) {
      hash[i - begin] = HashOf(columns.key[i]);
      table.Prefetch(hash[i - begin]);
    }
    for (size_t i = begin; i < end; ++i) {
      candidate[i - begin] = table.Candidate(hash[i - begin]);
      if (candidate[i - begin] != SlotTable::kNone) PrefetchEntry(candidate[i - begin]);
    }
    for (size_t i = begin; i < end; ++i) {
      const bool readable = columns.operation[i] != record::Operation::kUnreadable;
      if (verdicts[i] == Verdict::kUndecided && !readable) verdicts[i] = Verdict::kUnreadableRow;
      if (verdicts[i] != Verdict::kUndecided) continue;
      const uint32_t number = FindNumber(hash[i - begin], columns.key[i], candidate[i - begin]);
      EntityEntry* known = number == kNoEntry ? nullptr : &entries.At(number);
      const bool seen = kFlowing && known != nullptr && flowing->seen.Has(number);
      // A row that was held back says nothing that a second one could contradict, nor does one that says "gone".
      const bool names = kFlowing && columns.operation[i] == record::Operation::kUpsert;
      if (names && known != nullptr) flowing->seen.Set(number);
      const IncomingRecord incoming{columns.fingerprint[i], columns.version[i], ledger::SourceOrder(header, columns, i),
                                    columns.operation[i] == record::Operation::kDelete};
      if (seen) verdicts[i] = JudgeSecondRow(*known, incoming, place, *flowing);
      if (verdicts[i] == Verdict::kUndecided) verdicts[i] = JudgeEntity(known, incoming, declared_version);
      if (!ledger::IsAdmitted(verdicts[i])) continue;
      Learn(known, hash[i - begin], columns.key[i], incoming.fingerprint, incoming.version, incoming.source_order,
            static_cast<uint32_t>(i), verdicts[i], place);
      if (names && known == nullptr) flowing->seen.Set(entries.end() - 1);
    }
  }

  const uint64_t salt;
  Entries entries;  // in order of first sight; never dropped
  SlotTable table;
  size_t live = 0;
  std::vector<size_t> live_of_source;
};

EntityIndex::EntityIndex(uint64_t salt) : impl_(std::make_unique<Impl>(salt)) {}
EntityIndex::~EntityIndex() = default;

void EntityIndex::Decide(const record::BatchHeader& header, const record::RecordColumns& columns,
                         const BatchPlace& place, bool declared_version, std::span<ledger::Verdict> verdicts,
                         const FlowingSnapshot* flowing) {
  DATONG_CHECK(verdicts.size() == columns.size());
  CheckFits(place);
  for (size_t begin = 0; begin < verdicts.size(); begin += kBlock) {
    const size_t end = std::min(verdicts.size(), begin + kBlock);
    impl_->EnsureRoom(end - begin);
    if (flowing != nullptr) {
      impl_->DecideBlock<true>(header, columns, place, declared_version, begin, end, verdicts, flowing);
    } else {
      impl_->DecideBlock<false>(header, columns, place, declared_version, begin, end, verdicts, nullptr);
    }
  }
}

void EntityIndex::Look(std::span<const base::Digest> keys, std::span<uint32_t> numbers, uint32_t& next) const {
  DATONG_CHECK(keys.size() == numbers.size());
  const Impl& impl = *impl_;
  if (impl.entries.size() == 0) {
    std::fill(numbers.begin(), numbers.end(), kNoEntry);
    return;
  }
  for (size_t begin = 0; begin < keys.size();) {
    begin += impl.Follow(keys.subspan(begin), numbers.subspan(begin), next);
    const size_t block = std::min(keys.size() - begin, kBlock);
    impl.LookInTable(keys.subspan(begin, block), numbers.subspan(begin, block));
    begin += block;
    if (numbers[begin - 1] != kNoEntry) next = numbers[begin - 1] + 1;
  }
}

uint32_t EntityIndex::NumberOf(const base::Digest& key) const {
  return impl_->entries.size() == 0 ? kNoEntry : impl_->FindNumber(impl_->HashOf(key), key);
}

const EntityEntry& EntityIndex::At(uint32_t number) const {
  DATONG_CHECK(number < impl_->entries.size());
  return impl_->entries.At(number);
}

void EntityIndex::Replay(const ledger::AdmittedColumns& admitted, const BatchPlace& place) {
  CheckFits(place);
  Impl& impl = *impl_;
  uint64_t hash[kBlock];
  for (size_t begin = 0; begin < admitted.size(); begin += kBlock) {
    const size_t end = std::min(admitted.size(), begin + kBlock);
    impl.EnsureRoom(end - begin);
    for (size_t i = begin; i < end; ++i) {
      hash[i - begin] = impl.HashOf(admitted.key[i]);
      impl.table.Prefetch(hash[i - begin]);
    }
    for (size_t i = begin; i < end; ++i) {
      const uint32_t candidate = impl.table.Candidate(hash[i - begin]);
      if (candidate != SlotTable::kNone) impl.PrefetchEntry(candidate);
    }
    for (size_t i = begin; i < end; ++i) {
      if (!ledger::IsAdmitted(admitted.verdict[i])) continue;  // staged: a snapshot's business
      impl.Learn(impl.Find(hash[i - begin], admitted.key[i]), hash[i - begin], admitted.key[i], admitted.fingerprint[i],
                 admitted.version[i], admitted.source_order[i], admitted.record[i], admitted.verdict[i], place);
    }
  }
}

const EntityEntry* EntityIndex::Find(const base::Digest& key) const { return impl_->Find(impl_->HashOf(key), key); }
size_t EntityIndex::size() const { return impl_->entries.size(); }
size_t EntityIndex::live() const { return impl_->live; }
size_t EntityIndex::LiveOf(uint16_t source_id) const {
  return source_id < impl_->live_of_source.size() ? impl_->live_of_source[source_id] : 0;
}
size_t EntityIndex::memory_bytes() const { return impl_->entries.memory_bytes() + impl_->table.memory_bytes(); }

void EntityIndex::ForEach(const std::function<void(const EntityEntry&)>& visit) const {
  for (uint32_t number = 0; number < impl_->entries.end(); ++number) visit(impl_->entries.At(number));
}

uint64_t EntityIndex::OldestContent() const {
  uint64_t oldest = UINT64_MAX;
  for (uint32_t number = 0; number < impl_->entries.end(); ++number) {
    const EntityEntry& entry = impl_->entries.At(number);
    if (entry.deleted == 0) oldest = std::min<uint64_t>(oldest, entry.content_position);
  }
  return oldest;
}

void EntityIndex::Serialize(std::string& out) const {
  const auto& entries = impl_->entries;
  out.reserve(out.size() + base::kFrameBytes + sizeof(uint64_t) + size_t{entries.size()} * sizeof(EntityEntry));
  out.append(base::Frame(kSectionMagic, kSectionVersion, {}));
  base::PutFixed<uint64_t>(out, entries.size());
  for (uint32_t number = 0; number < entries.end(); ++number) base::PutFixed(out, entries.At(number));
}

absl::Status EntityIndex::Load(std::string_view section) {
  ASSIGN_OR_RETURN(const std::string_view body,
                   base::Unframe(kSectionMagic, kSectionVersion, "entity index section", section));
  base::ByteReader reader(body);
  const auto count = reader.Fixed<uint64_t>();
  if (!reader.ok() || reader.rest().size() % sizeof(EntityEntry) != 0 ||
      reader.rest().size() / sizeof(EntityEntry) != count || count > Entries::kEntriesMax) {
    return absl::DataLossError(absl::StrCat("entity index section: ", section.size(), " bytes do not hold the ", count,
                                            " entries it names. Rebuild the index from the ledger"));
  }
  auto loaded = std::make_unique<Impl>(impl_->salt);
  loaded->EnsureRoom(count);
  EntityEntry block[kBlock];
  uint64_t hash[kBlock];
  for (uint64_t begin = 0; begin < count; begin += kBlock) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(count - begin, kBlock));
    for (size_t i = 0; i < size; ++i) {
      block[i] = reader.Fixed<EntityEntry>();
      hash[i] = loaded->HashOf(block[i].key);
      loaded->table.Prefetch(hash[i]);
    }
    for (size_t i = 0; i < size; ++i) {
      if (block[i].deleted > 1 || loaded->Find(hash[i], block[i].key) != nullptr) {
        return absl::DataLossError(absl::StrCat("entity index section: entry ", begin + i, " is ",
                                                block[i].deleted > 1 ? "damaged" : "there twice",
                                                ". Rebuild the index from the ledger"));
      }
      loaded->table.Insert(hash[i], loaded->entries.end());
      loaded->entries.Append(block[i]);
      loaded->CountLive(block[i], 1);
    }
  }
  impl_ = std::move(loaded);
  return absl::OkStatus();
}

}  // namespace datong::index
