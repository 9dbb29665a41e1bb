// SPDX-License-Identifier: Apache-2.0
// Whatever stretch of a source's sequence comes again, in whatever batches: nothing is accepted, and the index does not
// change.
#include <algorithm>
#include <catch2/catch.hpp>

#include "exchange_core/index/event_index.h"
#include "tests/unit/exchange_core/index/index_sample.h"

namespace datong::index {
namespace {

using ledger::Verdict;

// Few keys, contents and versions, so that everything meets everything.
std::vector<SampleRecord> MakeSequence(base::RandomSource& random) {
  std::vector<SampleRecord> sequence(1 + random.Below(300));
  const uint64_t keys = 1 + random.Below(40);
  for (size_t i = 0; i < sequence.size(); ++i) {
    sequence[i] = {random.Below(keys), random.Below(3), static_cast<int64_t>(random.Below(6)), i + 1,
                   random.Below(4) == 0};
  }
  return sequence;
}

class Feeder {
 public:
  Feeder(EntityIndex& index, base::RandomSource& random, bool declared)
      : index_(index), random_(random), declared_(declared) {}

  // Gives [begin, end) in random cuts; returns how many were accepted.
  size_t Feed(const std::vector<SampleRecord>& sequence, size_t begin, size_t end) {
    size_t accepted = 0;
    while (begin < end) {
      const size_t size = std::min(end - begin, 1 + static_cast<size_t>(random_.Below(120)));
      SampleBatch batch(
          {sequence.begin() + static_cast<ptrdiff_t>(begin), sequence.begin() + static_cast<ptrdiff_t>(begin + size)});
      ++place_.lane_sequence;
      place_.input_position += 10;
      index_.Decide(batch.header, batch.columns, place_, declared_, batch.verdicts);
      for (const Verdict v : batch.verdicts) REQUIRE(v != Verdict::kUndecided);
      accepted += batch.accepted();
      begin += size;
    }
    return accepted;
  }

 private:
  EntityIndex& index_;
  base::RandomSource& random_;
  const bool declared_;
  BatchPlace place_;
};

TEST_CASE("an entity source that repeats any stretch changes nothing") {
  base::SeededRandom random(TestSeed());
  for (int round = 0; round < 3000; ++round) {
    const bool declared = random.Below(2) == 0;
    const std::vector<SampleRecord> sequence = MakeSequence(random);
    EntityIndex index(random.Next());
    Feeder feeder(index, random, declared);
    size_t done = 0;
    while (done < sequence.size()) {
      const size_t next = done + 1 + random.Below(sequence.size() - done);
      feeder.Feed(sequence, done, next);
      done = next;
      // A crash: the source goes back to any earlier place and comes up to any place it had reached.
      for (int again = 0; again < 3; ++again) {
        const std::string before = Bytes(index);
        const size_t from = random.Below(done);
        const size_t to = from + 1 + random.Below(done - from);
        INFO("round " << round << " declared " << declared << " repeats [" << from << ", " << to << ") of " << done);
        REQUIRE(feeder.Feed(sequence, from, to) == 0);
        REQUIRE(Bytes(index) == before);
      }
    }
  }
}

TEST_CASE("batch cuts change neither verdicts nor the state of a key") {
  base::SeededRandom random(TestSeed());
  for (int round = 0; round < 500; ++round) {
    const bool declared = random.Below(2) == 0;
    const std::vector<SampleRecord> sequence = MakeSequence(random);
    SampleBatch whole(sequence);
    EntityIndex at_once, one_by_one;
    at_once.Decide(whole.header, whole.columns, {1, 1, 1, 0}, declared, whole.verdicts);
    for (size_t i = 0; i < sequence.size(); ++i) {
      SampleBatch single({sequence[i]});
      one_by_one.Decide(single.header, single.columns, {1, 1, 1, 0}, declared, single.verdicts);
      REQUIRE(single.verdicts[0] == whole.verdicts[i]);
    }
    REQUIRE(at_once.size() == one_by_one.size());
    REQUIRE(at_once.live() == one_by_one.live());
  }
}

TEST_CASE("A, B, A are two updates; delete then insert is an insert; duplicates inside one batch count") {
  EntityIndex index;
  const std::vector<SampleRecord> records = {{1, 'A', 0, 1}, {1, 'B', 0, 2},       {1, 'A', 0, 3}, {1, 'A', 0, 3},
                                             {1, 'A', 0, 4}, {1, 'A', 0, 5, true}, {1, 'A', 0, 6}, {1, 'B', 0, 2}};
  SampleBatch batch(records);
  index.Decide(batch.header, batch.columns, {9, 77, 5, 0}, false, batch.verdicts);
  CHECK(batch.verdicts == std::vector<Verdict>{Verdict::kInserted, Verdict::kUpdated, Verdict::kUpdated,
                                               Verdict::kDuplicate, Verdict::kUnchanged, Verdict::kDeleted,
                                               Verdict::kInserted, Verdict::kStale});
  const EntityEntry* entry = index.Find(DigestOf(1));
  REQUIRE(entry != nullptr);
  CHECK(entry->first_sequence == 9);
  CHECK(entry->first_record == 0);
  CHECK(entry->content_position == 77);
  CHECK(entry->content_record == 6);
  CHECK(entry->source_order == (uint64_t{1} << 40 | 6));
  CHECK(entry->source_id == 5);
  CHECK(index.OldestContent() == 77);
}

TEST_CASE("records that were judged before stay as they are, and unreadable ones never enter") {
  EntityIndex index;
  SampleBatch batch({{1, 'A', 0, 1}, {2, 'A', 0, 2}, {3, 'A', 0, 3}});
  batch.verdicts[0] = Verdict::kWrongPartition;
  batch.columns.operation[1] = record::Operation::kUnreadable;
  index.Decide(batch.header, batch.columns, {1, 1, 1, 0}, false, batch.verdicts);
  CHECK(batch.verdicts == std::vector<Verdict>{Verdict::kWrongPartition, Verdict::kUnreadableRow, Verdict::kInserted});
  CHECK(index.size() == 1);
}

TEST_CASE(
    "an event that comes again within the window is a duplicate, also inside its batch, and keeps its first sighting") {
  EventIndex index(1600);
  SampleBatch batch({{1}, {2}, {1}});
  index.Decide(batch.columns, {5, 1, 1, 0}, 1000, batch.verdicts);
  CHECK(batch.verdicts == std::vector<Verdict>{Verdict::kInserted, Verdict::kInserted, Verdict::kDuplicate});
  SampleBatch again({{2}, {1}, {3}});
  index.Decide(again.columns, {6, 2, 1, 0}, 2600, again.verdicts);
  CHECK(again.verdicts == std::vector<Verdict>{Verdict::kDuplicate, Verdict::kDuplicate, Verdict::kInserted});
  CHECK(index.Find(DigestOf(2))->lane_sequence == 5);
  CHECK(index.Find(DigestOf(2))->record == 1);
  CHECK_FALSE(index.Find(DigestOf(4)).has_value());
  SampleBatch late({{1}, {3}});
  index.Decide(late.columns, {7, 3, 1, 0}, 2601, late.verdicts);
  CHECK(late.verdicts == std::vector<Verdict>{Verdict::kInserted, Verdict::kDuplicate});
}

TEST_CASE("an id is kept for the window and at most a sixteenth longer; memory follows") {
  base::SeededRandom random(TestSeed());
  constexpr base::TimeUs kWindow = 16000;
  EventIndex index(kWindow, random.Next());
  std::vector<base::TimeUs> seen_at(5000, -1);
  base::TimeUs now = 1;
  for (int round = 0; round < 3000; ++round) {
    now += static_cast<base::TimeUs>(random.Below(200));
    std::vector<SampleRecord> records(random.Below(150));
    for (SampleRecord& r : records) r.key = random.Below(seen_at.size());
    SampleBatch batch(records);
    index.Decide(batch.columns, {static_cast<uint64_t>(round), 1, 1, 0}, now, batch.verdicts);
    for (size_t i = 0; i < records.size(); ++i) {
      base::TimeUs& last = seen_at[records[i].key];
      if (batch.verdicts[i] == Verdict::kInserted) {
        REQUIRE((last < 0 || now - last > kWindow));
        last = now;
      } else {
        REQUIRE(last >= 0);
        REQUIRE(now - last <= kWindow + kWindow / 16);
      }
    }
  }
  SampleBatch last(std::vector<SampleRecord>{{1}});
  index.Decide(last.columns, {9999, 1, 1, 0}, now + 2 * kWindow, last.verdicts);
  CHECK(index.size() == 1);
  CHECK(index.memory_bytes() < 64 * 1024);
}

}  // namespace
}  // namespace datong::index
