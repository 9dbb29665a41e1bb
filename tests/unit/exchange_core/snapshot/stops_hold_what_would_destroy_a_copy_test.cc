// SPDX-License-Identifier: Apache-2.0
// Each stop holds a snapshot exactly beyond its bound, says how much and what it probably is, and nothing else does.
#include <catch2/catch.hpp>

#include "exchange_core/snapshot/snapshot_judgement.h"

namespace datong::snapshot {
namespace {

// A dump of 1,000 rows where the source had supplied as many keys, with a few changes.
SnapshotFacts Ordinary() {
  SnapshotFacts facts;
  facts.rows = 1000;
  facts.inserts = 10;
  facts.updates = 10;
  facts.unchanged = 980;
  facts.source_keys = 1000;
  facts.absent = 10;
  facts.last_rows = 1000;
  return facts;
}

std::vector<std::string> Codes(const SnapshotFacts& facts, const catalog::SnapshotPolicy& policy = {}) {
  std::vector<std::string> codes;
  for (const Stop& stop : FindStops(policy, facts)) {
    CHECK_FALSE(stop.text.empty());
    codes.push_back(stop.code);
  }
  return codes;
}

using Stops = std::vector<std::string>;

TEST_CASE("an ordinary dump passes") { CHECK(Codes(Ordinary()) == Stops{}); }

TEST_CASE("more than the share of keys vanishing holds") {
  SnapshotFacts facts = Ordinary();
  facts.absent = 200;
  CHECK(Codes(facts) == Stops{});  // 20 % exactly
  facts.absent = 201;
  CHECK(Codes(facts) == Stops{"vanishing"});

  catalog::SnapshotPolicy policy;
  policy.vanish_permille_max = 250;
  CHECK(Codes(facts, policy) == Stops{});
  policy.vanish_records_max = 200;
  CHECK(Codes(facts, policy) == Stops{"vanishing"});
  policy.vanish_records_max = 201;
  CHECK(Codes(facts, policy) == Stops{});
  policy = {};
  policy.vanish_permille_max = 1000;
  facts.absent = 1000;
  CHECK(Codes(facts, policy) == Stops{});  // switched off
}

TEST_CASE("an empty dump holds, unless its source never supplied anything") {
  SnapshotFacts facts = Ordinary();
  facts.rows = facts.inserts = facts.updates = facts.unchanged = 0;
  facts.absent = 1000;
  CHECK(Codes(facts) == Stops{"empty", "vanishing"});
  facts.absent = facts.source_keys = 0;
  CHECK(Codes(facts) == Stops{"empty"});  // all of it was deleted before, and it was not empty then
  facts.last_rows.reset();
  CHECK(Codes(facts) == Stops{});
}

TEST_CASE("a row count that is a known limit holds when the last dump had more") {
  for (const uint64_t limit : {65'535, 65'536, 1'048'575, 1'048'576}) {
    SnapshotFacts facts = Ordinary();
    facts.rows = limit;
    facts.last_rows = limit + 1;
    CHECK(Codes(facts) == Stops{"cut_at_limit"});
    facts.last_rows = limit;
    CHECK(Codes(facts) == Stops{});
    facts.last_rows.reset();
    CHECK(Codes(facts) == Stops{});
    facts.last_rows = limit + 1;
    facts.rows = limit - 1;
    if (limit != 65'536 && limit != 1'048'576) CHECK(Codes(facts) == Stops{});
  }
  SnapshotFacts facts = Ordinary();
  facts.last_rows = 1001;
  catalog::SnapshotPolicy policy;
  policy.suspicious_counts = {500, 1000};
  CHECK(Codes(facts, policy) == Stops{"cut_at_limit"});
}

TEST_CASE("rows without a key hold when they are many, or when something would be deleted") {
  SnapshotFacts facts = Ordinary();
  facts.keyless = 1;
  CHECK(Codes(facts) == Stops{"unreadable_keys"});
  facts.absent = 0;
  CHECK(Codes(facts) == Stops{});
  facts.keyless = 10;
  CHECK(Codes(facts) == Stops{});
  facts.keyless = 11;
  CHECK(Codes(facts) == Stops{"keys_missing"});
}

TEST_CASE("columns that differ hold; an added one alone may pass") {
  SnapshotFacts facts = Ordinary();
  facts.columns.added = {"phone"};
  CHECK(Codes(facts) == Stops{"columns_differ"});
  catalog::SnapshotPolicy policy;
  policy.added_columns_pass = true;
  CHECK(Codes(facts, policy) == Stops{});
  facts.columns.dropped = {"name"};
  CHECK(Codes(facts, policy) == Stops{"columns_differ"});
  facts.columns.key_dropped = true;
  CHECK(Codes(facts) == Stops{"keys_missing", "columns_differ"});
}

TEST_CASE("keys that come back under another spelling are told as the cause") {
  SnapshotFacts facts = Ordinary();
  facts.absent = facts.inserts = 1000;
  facts.respelled_share = 0.97;
  CHECK(Codes(facts) == Stops{"keys_respelled", "vanishing"});
  facts.respelled_share = 0.1;
  CHECK(Codes(facts) == Stops{"vanishing"});
}

TEST_CASE("nearly every record changing in one item holds only where that is asked for") {
  SnapshotFacts facts = Ordinary();
  facts.updates = 950;
  facts.updates_compared = 100;
  facts.changed_items = {{"name", 3}, {"state", 99}};
  CHECK(Codes(facts) == Stops{});
  catalog::SnapshotPolicy policy;
  policy.one_item_permille_max = 900;
  CHECK(Codes(facts, policy) == Stops{"one_item_changes"});
  facts.changed_items = {{"name", 60}, {"state", 70}};
  CHECK(Codes(facts, policy) == Stops{});
}

TEST_CASE("of changes that flowed already only deletes are stopped") {
  SnapshotFacts facts = Ordinary();
  facts.flows = true;
  facts.columns.dropped = {"name"};
  CHECK(Codes(facts) == Stops{"columns_differ"});
  facts.absent = 0;
  CHECK(Codes(facts) == Stops{});
}

TEST_CASE("the share of respelled keys is measured on a sample of both kinds") {
  CHECK_FALSE(RespelledShare({}, {1}));
  std::vector<uint64_t> absent, inserted;
  for (uint64_t i = 0; i < 5000; ++i) absent.push_back(i * 0x9e3779b97f4a7c15ull);
  inserted = absent;
  CHECK(*RespelledShare(absent, inserted) == 1.0);
  for (uint64_t& digest : inserted) digest ^= 0x5555;
  CHECK(*RespelledShare(absent, inserted) == 0.0);
}

}  // namespace
}  // namespace datong::snapshot
