// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/index/event_index.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>
#include <deque>

#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/chunk_ring.h"
#include "exchange_core/index/slot_table.h"

namespace datong::index {
namespace {

using ledger::Verdict;

constexpr char kSectionMagic[5] = "DTEV";
constexpr uint16_t kSectionVersion = 1;
constexpr uint32_t kChunkEntries = 1u << 17;  // of 28 bytes: 3.5 MiB, so that a quiet resource stays small
constexpr size_t kBlock = 64;
constexpr int64_t kBuckets = 16;
constexpr size_t kBucketBytes = 24;  // stored: first time, youngest time, count

// 28 bytes, as stored: id, lane sequence, record number. As bytes, because members of 8 would round it up to 32.
class SeenEvent {
 public:
  SeenEvent() = default;
  SeenEvent(const base::Digest& id, uint64_t lane_sequence, uint32_t record) {
    std::memcpy(bytes_, &id, 16);
    std::memcpy(bytes_ + 16, &lane_sequence, 8);
    std::memcpy(bytes_ + 24, &record, 4);
  }
  base::Digest id() const { return Part<base::Digest>(0); }
  uint64_t lane_sequence() const { return Part<uint64_t>(16); }
  uint32_t record() const { return Part<uint32_t>(24); }

 private:
  template <typename T>
  T Part(size_t at) const {
    T value;
    std::memcpy(&value, bytes_ + at, sizeof value);
    return value;
  }
  char bytes_[28];
};
static_assert(sizeof(SeenEvent) == 28);
using Entries = ChunkRing<SeenEvent, kChunkEntries>;

// Ids follow one another in order of commit time, so a bucket is a stretch of them.
struct Bucket {
  base::TimeUs first = 0;
  base::TimeUs youngest = 0;
  uint32_t count = 0;
};

}  // namespace

struct EventIndex::Impl {
  Impl(base::TimeUs the_window, uint64_t the_salt)
      : window(the_window), width(std::max<int64_t>(1, the_window / kBuckets)), salt(the_salt) {}

  uint64_t HashOf(const base::Digest& id) const { return PlaceOf(id, salt); }
  uint64_t HashAt(uint32_t number) const { return HashOf(entries.At(number).id()); }

  void Rebuild(size_t for_entries) {
    table.Rebuild(for_entries, entries.begin(), entries.size(), [this](uint32_t number) { return HashAt(number); });
  }

  void EnsureRoom(size_t more) {
    const size_t needed = table.size() + more;
    if (needed > table.capacity()) Rebuild(std::max(needed, table.capacity() + table.capacity() / 2));
  }

  // Drops what is out of the window, then makes sure that the last bucket is the one of `commit_time`.
  void MoveTo(base::TimeUs commit_time) {
    if (!buckets.empty()) commit_time = std::max(commit_time, buckets.back().youngest);
    bool dropped = false;
    while (!buckets.empty() && OutOfWindow(buckets.front().youngest, commit_time)) {
      DropOldestBucket();
      dropped = true;
    }
    // After a flood has passed the table gives back what it took.
    if (dropped && table.size() < table.capacity() / 8) Rebuild(table.size() * 2 + kBlock);
    now = commit_time;
  }

  bool OutOfWindow(base::TimeUs then, base::TimeUs commit_time) const {
    return static_cast<uint64_t>(commit_time) - static_cast<uint64_t>(then) > static_cast<uint64_t>(window);
  }

  void DropOldestBucket() {
    uint32_t number = entries.begin();
    for (uint32_t left = buckets.front().count; left > 0;) {
      const uint32_t block = std::min<uint32_t>(left, kBlock);
      for (uint32_t i = 0; i < block; ++i) table.Prefetch(HashAt(number + i));
      for (uint32_t i = 0; i < block; ++i) table.Remove(HashAt(number + i), number + i);
      number += block;
      left -= block;
    }
    entries.DropOldest(buckets.front().count);
    buckets.pop_front();
  }

  const SeenEvent* Find(uint64_t hash, const base::Digest& id, uint32_t candidate = SlotTable::kNone) const {
    if (candidate != SlotTable::kNone && entries.At(candidate).id() == id) return &entries.At(candidate);
    uint32_t number;
    if (!table.Find(
            hash, [&](uint32_t n) { return entries.At(n).id() == id; }, number))
      return nullptr;
    return &entries.At(number);
  }

  // There is room for one more.
  void Learn(uint64_t hash, const base::Digest& id, uint64_t lane_sequence, uint32_t record) {
    if (buckets.empty() || buckets.back().first / width != now / width) buckets.push_back({now, now, 0});
    buckets.back().youngest = now;
    ++buckets.back().count;
    table.Insert(hash, entries.end());
    entries.Append(SeenEvent(id, lane_sequence, record));
  }

  // Hashes of a block and the entries they lead to, brought near.
  void Approach(std::span<const base::Digest> ids, uint64_t* hash, uint32_t* candidate) const {
    for (size_t i = 0; i < ids.size(); ++i) {
      hash[i] = HashOf(ids[i]);
      table.Prefetch(hash[i]);
    }
    for (size_t i = 0; i < ids.size(); ++i) {
      candidate[i] = table.Candidate(hash[i]);
      if (candidate[i] != SlotTable::kNone) __builtin_prefetch(&entries.At(candidate[i]));
    }
  }

  const base::TimeUs window;
  const base::TimeUs width;
  const uint64_t salt;
  base::TimeUs now = 0;
  std::deque<Bucket> buckets;  // oldest first
  Entries entries;
  SlotTable table;
};

EventIndex::EventIndex(base::TimeUs window_us, uint64_t salt) {
  DATONG_CHECK(window_us >= 0);
  impl_ = std::make_unique<Impl>(window_us, salt);
}
EventIndex::~EventIndex() = default;

void EventIndex::Decide(const record::RecordColumns& columns, const BatchPlace& place, base::TimeUs commit_time,
                        std::span<ledger::Verdict> verdicts) {
  DATONG_CHECK(verdicts.size() == columns.size());
  Impl& impl = *impl_;
  impl.MoveTo(commit_time);
  uint64_t hash[kBlock];
  uint32_t candidate[kBlock];
  for (size_t begin = 0; begin < verdicts.size(); begin += kBlock) {
    const size_t end = std::min(verdicts.size(), begin + kBlock);
    impl.EnsureRoom(end - begin);
    impl.Approach(std::span(columns.id).subspan(begin, end - begin), hash, candidate);
    for (size_t i = begin; i < end; ++i) {
      if (verdicts[i] != Verdict::kUndecided) continue;
      if (columns.operation[i] == record::Operation::kUnreadable) {
        verdicts[i] = Verdict::kUnreadableRow;
        continue;
      }
      const bool seen = impl.Find(hash[i - begin], columns.id[i], candidate[i - begin]) != nullptr;
      verdicts[i] = seen ? Verdict::kDuplicate : Verdict::kInserted;
      if (!seen) impl.Learn(hash[i - begin], columns.id[i], place.lane_sequence, static_cast<uint32_t>(i));
    }
  }
}

void EventIndex::Replay(const ledger::AdmittedColumns& admitted, const BatchPlace& place, base::TimeUs commit_time) {
  Impl& impl = *impl_;
  impl.MoveTo(commit_time);
  uint64_t hash[kBlock];
  uint32_t candidate[kBlock];
  for (size_t begin = 0; begin < admitted.size(); begin += kBlock) {
    const size_t end = std::min(admitted.size(), begin + kBlock);
    impl.EnsureRoom(end - begin);
    impl.Approach(std::span(admitted.key).subspan(begin, end - begin), hash, candidate);
    for (size_t i = begin; i < end; ++i) {
      // An entry never admits an id twice; were it to, the first sighting stands.
      if (impl.Find(hash[i - begin], admitted.key[i], candidate[i - begin]) != nullptr) continue;
      impl.Learn(hash[i - begin], admitted.key[i], place.lane_sequence, admitted.record[i]);
    }
  }
}

std::optional<EventIndex::Sighting> EventIndex::Find(const base::Digest& id) const {
  const SeenEvent* seen = impl_->Find(impl_->HashOf(id), id);
  if (seen == nullptr) return std::nullopt;
  return Sighting{seen->lane_sequence(), seen->record()};
}

size_t EventIndex::size() const { return impl_->entries.size(); }
size_t EventIndex::memory_bytes() const {
  return impl_->entries.memory_bytes() + impl_->table.memory_bytes() + impl_->buckets.size() * sizeof(Bucket);
}

void EventIndex::Serialize(std::string& out) const {
  const auto& entries = impl_->entries;
  out.reserve(out.size() + base::kFrameBytes + 12 + impl_->buckets.size() * kBucketBytes +
              size_t{entries.size()} * sizeof(SeenEvent));
  out.append(base::Frame(kSectionMagic, kSectionVersion, {}));
  base::PutFixed<uint64_t>(out, entries.size());
  base::PutFixed(out, static_cast<uint32_t>(impl_->buckets.size()));
  for (const Bucket& bucket : impl_->buckets) {
    base::PutFixed(out, bucket.first);
    base::PutFixed(out, bucket.youngest);
    base::PutFixed<uint64_t>(out, bucket.count);
  }
  for (uint32_t i = 0; i < entries.size(); ++i) base::PutFixed(out, entries.At(entries.begin() + i));
}

absl::Status EventIndex::Load(std::string_view section) {
  ASSIGN_OR_RETURN(const std::string_view body,
                   base::Unframe(kSectionMagic, kSectionVersion, "event index section", section));
  const auto damaged = [](const char* what) {
    return absl::DataLossError(absl::StrCat("event index section: ", what, ". Rebuild the index from the ledger"));
  };
  base::ByteReader reader(body);
  const auto count = reader.Fixed<uint64_t>();
  const auto bucket_count = reader.Fixed<uint32_t>();
  if (!reader.ok() || reader.rest().size() / kBucketBytes < bucket_count)
    return damaged("it ends before its buckets do");
  auto loaded = std::make_unique<Impl>(impl_->window, impl_->salt);
  uint64_t counted = 0;
  for (uint32_t i = 0; i < bucket_count; ++i) {
    Bucket bucket;
    bucket.first = reader.Fixed<base::TimeUs>();
    bucket.youngest = reader.Fixed<base::TimeUs>();
    const auto in_bucket = reader.Fixed<uint64_t>();
    if (bucket.first < loaded->now && i > 0) return damaged("its buckets are not in order of time");
    if (bucket.youngest < bucket.first || in_bucket == 0 || in_bucket > count) return damaged("a bucket is impossible");
    bucket.count = static_cast<uint32_t>(in_bucket);
    counted += in_bucket;
    loaded->now = bucket.youngest;
    loaded->buckets.push_back(bucket);
  }
  if (counted != count || count > Entries::kEntriesMax || reader.rest().size() % sizeof(SeenEvent) != 0 ||
      reader.rest().size() / sizeof(SeenEvent) != count) {
    return damaged("its size does not fit the numbers it names");
  }
  loaded->EnsureRoom(count);
  SeenEvent block[kBlock];
  uint64_t hash[kBlock];
  for (uint64_t begin = 0; begin < count; begin += kBlock) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(count - begin, kBlock));
    for (size_t i = 0; i < size; ++i) {
      block[i] = reader.Fixed<SeenEvent>();
      hash[i] = loaded->HashOf(block[i].id());
      loaded->table.Prefetch(hash[i]);
    }
    for (size_t i = 0; i < size; ++i) {
      if (loaded->Find(hash[i], block[i].id()) != nullptr) return damaged("an id is there twice");
      loaded->table.Insert(hash[i], loaded->entries.end());
      loaded->entries.Append(block[i]);
    }
  }
  impl_ = std::move(loaded);
  return absl::OkStatus();
}

}  // namespace datong::index
