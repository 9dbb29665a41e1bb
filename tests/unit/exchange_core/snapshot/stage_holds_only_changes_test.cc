// SPDX-License-Identifier: Apache-2.0
// A stage keeps what would change and one bit for what is known, by the same-key rule, and comes out the same from a
// checkpoint and from a replay.
#include <catch2/catch.hpp>

#include "exchange_core/snapshot/snapshot_stage.h"

namespace datong::snapshot {
namespace {

using catalog::SameKeyRule;
using ledger::Verdict;

// Rows of (key, content) of one file, in batches at positions 100, 101, ...
struct Rows {
  record::BatchHeader header;
  record::RecordColumns columns;
  explicit Rows(uint32_t file_sequence) { header.files = {{file_sequence, "dump"}}; }
  Rows& Add(uint64_t key, uint64_t content, record::Operation operation = record::Operation::kUpsert,
            bool key_known = true) {
    const base::Digest digest{key, key * 7};
    columns.id.push_back(operation == record::Operation::kUnreadable ? base::Digest{content, 99} : digest);
    columns.key.push_back(key_known ? digest : columns.id.back());
    columns.fingerprint.push_back({content, 1});
    AddPlace(operation);
    return *this;
  }
  Rows& AddSame(uint32_t entry) {
    for (auto* column : {&columns.id, &columns.key, &columns.fingerprint}) column->emplace_back();
    columns.same_entry.push_back(entry);
    AddPlace(record::Operation::kSame);
    return *this;
  }

 private:
  void AddPlace(record::Operation operation) {
    columns.operation.push_back(operation);
    columns.version.push_back(0);
    columns.event_time.push_back(0);
    columns.file_index.push_back(0);
    columns.row.push_back(columns.row.size() + 1);
    columns.payload_end.push_back(0);
  }
};

struct World {
  index::EntityIndex index;
  SnapshotStage stage;
  explicit World(SameKeyRule rule = SameKeyRule::kQuarantine)
      : stage({.snapshot = 9,
               .resource_id = 1,
               .source_id = 5,
               .file_sequence = 2,
               .file = "dump",
               .as_of = 1000,
               .begin_position = 100,
               .same_key = rule}) {
    // Keys 1 to 5 with content = key, supplied by the source's first file; key 6 by another source.
    Rows first(1);
    for (uint64_t key = 1; key <= 5; ++key) first.Add(key, key);
    Learn(first, 10, 5);
    Rows other(1);
    other.Add(6, 6);
    Learn(other, 11, 4);
  }
  void Learn(const Rows& rows, uint64_t position, uint16_t source) {
    std::vector<Verdict> verdicts(rows.columns.size(), Verdict::kUndecided);
    index.Decide(rows.header, rows.columns, {1, position, source, 0}, false, verdicts);
  }
  std::vector<Verdict> Decide(const Rows& rows, uint64_t position) {
    std::vector<Verdict> verdicts(rows.columns.size(), Verdict::kUndecided);
    stage.Decide(index, rows.header, rows.columns, position, false, verdicts);
    stage.Book(rows.columns, verdicts);
    return verdicts;
  }
  std::vector<uint64_t> Due() const {
    std::vector<uint64_t> keys;
    for (uint32_t number = 0; number < index.size(); ++number) {
      if (stage.IsDue(index, number)) keys.push_back(index.At(number).key.low);
    }
    return keys;
  }
  std::string Bytes() const {
    std::string bytes;
    stage.Serialize(index, bytes);
    return bytes;
  }
};

using Verdicts = std::vector<Verdict>;

TEST_CASE("only changes are staged, and what is lacking is due") {
  World world;
  const Verdicts verdicts = world.Decide(Rows(2).Add(1, 1).Add(2, 22).Add(7, 7), 101);
  CHECK(verdicts == Verdicts{Verdict::kUnchanged, Verdict::kStaged, Verdict::kStaged});
  CHECK(world.stage.staged() == 2);
  CHECK(world.Due() == std::vector<uint64_t>{3, 4, 5});  // 6 is another source's
}

TEST_CASE("a row that is held back is no delete, a row without a key protects nobody") {
  World world;
  world.Decide(Rows(2).Add(3, 77, record::Operation::kUnreadable).Add(4, 78, record::Operation::kUnreadable, false),
               101);
  CHECK(world.Due() == std::vector<uint64_t>{1, 2, 4, 5});
  CHECK(world.stage.keyless() == 1);
}

TEST_CASE("a row without its content is judged like the row it stands for, and never staged") {
  // Live: key 4 by a file that is later in the order; key 2 by an earlier one, which must not happen; key 5 twice.
  const auto live = [](World& world) {
    world.Learn(Rows(3).Add(4, 44).Add(5, 55).Add(5, 5), 105, 5);
    world.Learn(Rows(1).Add(9, 9).Add(8, 8).Add(2, 22), 106, 5);
  };
  World world;
  live(world);
  const Rows rows = Rows(2).AddSame(0).AddSame(1).AddSame(3).AddSame(99).AddSame(0).AddSame(4);
  const Verdicts verdicts{Verdict::kUnchanged,      Verdict::kContentLeftOut, Verdict::kStale,
                          Verdict::kContentLeftOut, Verdict::kDuplicate,      Verdict::kStale};
  CHECK(world.Decide(rows, 107) == verdicts);
  CHECK(world.stage.staged() == 0);
  CHECK(world.Due() == std::vector<uint64_t>{3});  // it names its key all the same
  SECTION("which a replay learns by reading it again") {
    World replayed;
    live(replayed);
    replayed.stage.Replay({}, verdicts, 107);
    for (const auto& unread : replayed.stage.TakeUnread()) {
      CHECK(unread.input_position == 107);
      replayed.stage.ReadAgain(replayed.index, rows.columns, unread.verdicts);
    }
    CHECK(replayed.Due() == world.Due());
  }
  SECTION("and beside one with other content it is the second of two") {
    World untouched;
    CHECK(untouched.Decide(Rows(2).Add(3, 33).AddSame(2), 107) ==
          Verdicts{Verdict::kStaged, Verdict::kConflictingRows});
    CHECK(untouched.stage.Staged(0).set_aside == 1);
    CHECK(untouched.Decide(Rows(2).AddSame(4).Add(5, 55), 108) ==
          Verdicts{Verdict::kUnchanged, Verdict::kConflictingRows});
  }
}

TEST_CASE("a row that says gone is as good as no row") {
  World world;
  CHECK(world.Decide(Rows(2).Add(3, 0, record::Operation::kDelete), 101) == Verdicts{Verdict::kUnchanged});
  CHECK(world.Due() == std::vector<uint64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("what was changed since the begin, or by a later file, is not due") {
  World world;
  Rows later(3);
  world.Learn(later.Add(4, 44), 105, 5);
  CHECK(world.Due() == std::vector<uint64_t>{1, 2, 3, 5});
}

TEST_CASE("two rows with one key") {
  SECTION("the same content is a duplicate, staged or known") {
    World world;
    CHECK(world.Decide(Rows(2).Add(1, 1).Add(1, 1).Add(7, 7).Add(7, 7), 101) ==
          Verdicts{Verdict::kUnchanged, Verdict::kDuplicate, Verdict::kStaged, Verdict::kDuplicate});
  }
  SECTION("quarantine keeps neither") {
    World world;
    CHECK(world.Decide(Rows(2).Add(7, 7).Add(7, 8), 101) == Verdicts{Verdict::kStaged, Verdict::kConflictingRows});
    CHECK(world.stage.Staged(0).set_aside == 1);
    CHECK(world.Decide(Rows(2).Add(1, 1).Add(1, 8), 102) == Verdicts{Verdict::kUnchanged, Verdict::kConflictingRows});
    CHECK(world.Due() == std::vector<uint64_t>{2, 3, 4, 5});
  }
  SECTION("first keeps the first") {
    World world(SameKeyRule::kFirst);
    CHECK(world.Decide(Rows(2).Add(7, 7).Add(7, 8), 101) == Verdicts{Verdict::kStaged, Verdict::kConflictingRows});
    CHECK(world.stage.Staged(0).set_aside == 0);
  }
  SECTION("last keeps the last") {
    World world(SameKeyRule::kLast);
    CHECK(world.Decide(Rows(2).Add(7, 7).Add(7, 8).Add(1, 5).Add(1, 1), 101) ==
          Verdicts{Verdict::kStaged, Verdict::kStaged, Verdict::kStaged, Verdict::kStaged});
    CHECK(world.stage.Staged(0).set_aside == 1);
    CHECK(world.stage.Staged(1).set_aside == 0);
    CHECK(world.stage.Staged(2).set_aside == 1);
  }
}

TEST_CASE("a key that was staged before it had an entry is found again") {
  World world;
  world.Decide(Rows(2).Add(7, 7).Add(8, 8).Add(1, 1), 101);
  Rows live(1);
  world.Learn(live.Add(7, 70).Add(8, 80), 102, 4);  // somebody else brings both
  const auto check = [](SnapshotStage& stage, const index::EntityIndex& index) {
    const Rows rows = Rows(2).Add(7, 7).Add(8, 9).Add(1, 1).Add(2, 2);
    Verdicts verdicts(rows.columns.size(), Verdict::kUndecided);
    stage.Decide(index, rows.header, rows.columns, 103, false, verdicts);
    CHECK(verdicts ==
          Verdicts{Verdict::kDuplicate, Verdict::kConflictingRows, Verdict::kDuplicate, Verdict::kUnchanged});
    CHECK(stage.Staged(0).set_aside == 0);
    CHECK(stage.Staged(1).set_aside == 1);
  };
  auto parsed = SnapshotStage::Parse(world.Bytes());
  REQUIRE(parsed.ok());
  check(**parsed, world.index);
  check(world.stage, world.index);
}

TEST_CASE("rows of more than one block are decided alike") {
  World world;
  Rows rows(2);
  Verdicts expected;
  for (uint64_t key = 1; key <= 200; ++key) {
    rows.Add(key, key == 3 ? 33 : key);
    expected.push_back(key <= 6 && key != 3 ? Verdict::kUnchanged : Verdict::kStaged);
  }
  rows.Add(200, 200).Add(100, 1);  // each in a later block than the first row of its key
  expected.push_back(Verdict::kDuplicate);
  expected.push_back(Verdict::kConflictingRows);
  CHECK(world.Decide(rows, 101) == expected);
  CHECK(world.stage.staged() == 195);
  CHECK(world.Due().empty());
}

TEST_CASE("what took effect counts as seen") {
  World world;
  world.Decide(Rows(2).Add(2, 22).Add(7, 7), 101);
  ledger::AdmittedColumns learned;
  for (size_t i = 0; i < 2; ++i) {
    const StagedRecord& staged = world.stage.Staged(i);
    learned.record.push_back(staged.record);
    learned.key.push_back(staged.key);
    learned.fingerprint.push_back(staged.fingerprint);
    learned.version.push_back(0);
    learned.source_order.push_back(staged.source_order);
    learned.verdict.push_back(i == 0 ? Verdict::kUpdated : Verdict::kInserted);
  }
  world.index.Replay(learned, {2, 101, 5, 9});
  world.stage.TakeFront(world.index, 2);
  CHECK(world.stage.staged() == 0);
  CHECK(world.Due() == std::vector<uint64_t>{1, 3, 4, 5});
}

TEST_CASE("a checkpoint and a replay give the same stage") {
  World world;
  Rows one(2), two(2);
  one.Add(1, 1).Add(2, 22).Add(7, 7).Add(7, 8).Add(3, 50, record::Operation::kUnreadable);
  two.Add(8, 8).Add(4, 51, record::Operation::kUnreadable, false).Add(5, 5);
  const Verdicts first = world.Decide(one, 101), second = world.Decide(two, 102);
  Rows live(1);
  world.Learn(live.Add(8, 80), 103, 4);  // a staged key gets its entry from somebody else
  const std::string bytes = world.Bytes();

  auto parsed = SnapshotStage::Parse(bytes);
  REQUIRE(parsed.ok());
  std::string again;
  (*parsed)->Serialize(world.index, again);
  CHECK(again == bytes);

  World replayed;
  const auto replay = [&](const Rows& rows, const Verdicts& verdicts, uint64_t position) {
    ledger::AdmittedColumns kept;
    REQUIRE(
        ledger::DecodeAdmitted(ledger::EncodeAdmitted(rows.header, rows.columns, verdicts, true), verdicts, true, kept)
            .ok());
    replayed.stage.Replay(kept, verdicts, position);
  };
  replay(one, first, 101);
  replay(two, second, 102);
  Rows live_again(1);
  replayed.Learn(live_again.Add(8, 80), 103, 4);
  const auto unread = replayed.stage.TakeUnread();
  REQUIRE(unread.size() == 2);
  replayed.stage.ReadAgain(replayed.index, one.columns, unread[0].verdicts);
  replayed.stage.ReadAgain(replayed.index, two.columns, unread[1].verdicts);
  CHECK(replayed.Bytes() == bytes);

  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    CHECK_FALSE(SnapshotStage::Parse(std::string_view(bytes).substr(0, cut)).ok());
  }
}

}  // namespace
}  // namespace datong::snapshot
