// SPDX-License-Identifier: Apache-2.0
// The naive rules and the indexes of the exchange, written by two hands, say the same of every record: registers with
// and without declared versions, deletes among them, and events whose ids are forgotten.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <set>
#include <string>

#include "exchange_core/base/random.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/index/event_index.h"
#include "tests/simulation/naive_rules.h"

namespace datong::simulation {
namespace {

using ledger::Verdict;

uint64_t Seed() {
  const char* replay = std::getenv("DATONG_SEED");
  return replay != nullptr ? std::strtoull(replay, nullptr, 10) : 20'231'124;
}

base::Digest DigestOf(const std::string& text) { return base::KeyedDigest({}, text); }

Row DrawRow(base::RandomSource& random) {
  Row row;
  row.values["code"] = "code:" + std::to_string(random.Below(5));
  row.values["rev"] = std::to_string(random.Below(6));
  row.is_delete = random.Below(3) == 0;
  if (!row.is_delete) row.values["name"] = "name:" + std::to_string(random.Below(3));
  return row;
}

void AddTo(record::RecordColumns& columns, const std::string& key, const std::string& content, const Row& row) {
  columns.key.push_back(DigestOf(key));
  columns.id.push_back(DigestOf(key));
  columns.fingerprint.push_back(DigestOf(content));
  columns.operation.push_back(row.is_delete ? record::Operation::kDelete : record::Operation::kUpsert);
  columns.version.push_back(DeclaredVersion(row));
  columns.event_time.push_back(0);
  columns.file_index.push_back(0);
  columns.payload_end.push_back(0);
}

}  // namespace

TEST_CASE("a naive register judges like the entity index") {
  CAPTURE(Seed());
  base::SeededRandom random(Seed());
  std::set<Verdict> met;
  for (int round = 0; round < 60; ++round) {
    const bool versioned = round % 2 == 0;
    NaiveRegister naive(versioned);
    index::EntityIndex index;
    std::deque<Row> rows;
    for (uint64_t step = 0; step < 400; ++step) {
      // A row of before comes again as it was, or a new one at any place.
      const Row& row = rows.emplace_back(DrawRow(random));
      const SourcePlace place{1 + static_cast<uint32_t>(random.Below(4)), 1 + random.Below(30)};
      record::BatchHeader header;
      header.files = {{place.file_sequence, "file"}};
      record::RecordColumns columns;
      AddTo(columns, ValueOf(row, "code"), ValueOf(row, "name") + "/" + ValueOf(row, "rev"), row);
      columns.row.push_back(place.row);
      std::vector<Verdict> verdict(1, Verdict::kUndecided);
      index.Decide(header, columns, {step + 1, step + 1, 1, 0}, versioned, verdict);
      const std::string known = naive.Known(ValueOf(row, "code"));
      INFO("round " << round << ", step " << step << ": " << known);
      REQUIRE(std::string(ledger::NameOf(naive.Take(ValueOf(row, "code"), row, place))) ==
              std::string(ledger::NameOf(verdict[0])));
      met.insert(verdict[0]);
    }
  }
  CHECK(met.size() == 7);  // inserted to stale: all there are
}

TEST_CASE("naive events judge like the event index") {
  CAPTURE(Seed());
  base::SeededRandom random(Seed());
  constexpr base::TimeUs kWindow = 160'000;
  NaiveEvents naive(kWindow);
  index::EventIndex index(kWindow);
  base::TimeUs now = 1'000'000;
  uint64_t forgotten = 0;
  for (uint64_t step = 0; step < 20'000; ++step) {
    now += static_cast<base::TimeUs>(random.Below(2000));
    Row row;
    row.values["code"] = "code:" + std::to_string(random.Below(20));
    row.values["serial"] = "serial:" + std::to_string(random.Below(20));
    record::RecordColumns columns;
    AddTo(columns, ValueOf(row, "code") + "/" + ValueOf(row, "serial"), "", row);
    columns.row.push_back(1);
    std::vector<Verdict> verdict(1, Verdict::kUndecided);
    index.Decide(columns, {step + 1, step + 1, 1, 0}, now, verdict);
    const std::string known = naive.Known(row);
    forgotten += known != "the id is unknown" && verdict[0] == Verdict::kInserted ? 1 : 0;
    INFO("step " << step << " at " << now << ": " << known);
    REQUIRE(naive.Take(row, now, verdict[0]) == verdict[0]);
  }
  CHECK(forgotten > 100);
}

TEST_CASE("an id may be forgotten late, but neither early nor never") {
  constexpr base::TimeUs kWindow = 1600;
  Row row;
  row.values = {{"code", "code:1"}, {"serial", "serial:1"}};
  for (const Verdict said : {Verdict::kInserted, Verdict::kDuplicate}) {
    NaiveEvents events(kWindow);
    CHECK(events.Take(row, 1000, said) == Verdict::kInserted);
    CHECK(events.Take(row, 1000 + kWindow, said) == Verdict::kDuplicate);
    CHECK(events.Take(row, 1000 + kWindow + 100, said) == said);
  }
  NaiveEvents events(kWindow);
  CHECK(events.Take(row, 1000, Verdict::kInserted) == Verdict::kInserted);
  CHECK(events.Take(row, 1000 + kWindow + 101, Verdict::kDuplicate) == Verdict::kInserted);
}

}  // namespace datong::simulation
