// SPDX-License-Identifier: Apache-2.0
// Every combination of what is known, age, content, operation and declared version has exactly one verdict, and it is
// this one.
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "exchange_core/index/judge_entity.h"

namespace datong::index {
namespace {

using ledger::Verdict;

enum class Known { kNothing, kLive, kGone };
enum class Order { kOlder, kSame, kNewer, kNewerVersion };  // kNewer: only the source's order grew
enum class Content { kSame, kOther };
enum class Op { kUpsert, kDelete };

struct Row {
  Known known;
  Order order;
  Content content;
  Op op;
  Verdict expected;
};

using enum Known;
using enum Order;
using enum Op;
constexpr Content kEqual = Content::kSame;
constexpr Content kOther = Content::kOther;

// An unknown key has neither order nor content: its rows stand for all.
constexpr Row kLiveAndGone[] = {
    {kLive, kOlder, kEqual, kUpsert, Verdict::kDuplicate},
    {kLive, kOlder, kOther, kUpsert, Verdict::kStale},
    {kLive, kSame, kEqual, kUpsert, Verdict::kDuplicate},
    {kLive, kSame, kOther, kUpsert, Verdict::kUpdated},
    {kLive, kNewer, kEqual, kUpsert, Verdict::kUnchanged},
    {kLive, kNewer, kOther, kUpsert, Verdict::kUpdated},
    {kLive, kNewerVersion, kEqual, kUpsert, Verdict::kUnchangedNewer},
    {kLive, kNewerVersion, kOther, kUpsert, Verdict::kUpdated},
    {kLive, kOlder, kEqual, kDelete, Verdict::kStale},
    {kLive, kOlder, kOther, kDelete, Verdict::kStale},
    {kLive, kSame, kEqual, kDelete, Verdict::kDeleted},
    {kLive, kSame, kOther, kDelete, Verdict::kDeleted},
    {kLive, kNewer, kEqual, kDelete, Verdict::kDeleted},
    {kLive, kNewer, kOther, kDelete, Verdict::kDeleted},
    {kLive, kNewerVersion, kEqual, kDelete, Verdict::kDeleted},
    {kLive, kNewerVersion, kOther, kDelete, Verdict::kDeleted},
    {kGone, kOlder, kEqual, kUpsert, Verdict::kDuplicate},
    {kGone, kOlder, kOther, kUpsert, Verdict::kStale},
    {kGone, kSame, kEqual, kUpsert, Verdict::kDuplicate},
    {kGone, kSame, kOther, kUpsert, Verdict::kStale},
    {kGone, kNewer, kEqual, kUpsert, Verdict::kInserted},
    {kGone, kNewer, kOther, kUpsert, Verdict::kInserted},
    {kGone, kNewerVersion, kEqual, kUpsert, Verdict::kInserted},
    {kGone, kNewerVersion, kOther, kUpsert, Verdict::kInserted},
    {kGone, kOlder, kEqual, kDelete, Verdict::kStale},
    {kGone, kOlder, kOther, kDelete, Verdict::kStale},
    {kGone, kSame, kEqual, kDelete, Verdict::kDuplicate},
    {kGone, kSame, kOther, kDelete, Verdict::kDuplicate},
    {kGone, kNewer, kEqual, kDelete, Verdict::kUnchanged},
    {kGone, kNewer, kOther, kDelete, Verdict::kUnchanged},
    {kGone, kNewerVersion, kEqual, kDelete, Verdict::kUnchangedNewer},
    {kGone, kNewerVersion, kOther, kDelete, Verdict::kUnchangedNewer},
};

constexpr base::Digest kContent{1, 2};

EntityEntry Entry(bool gone) {
  EntityEntry entry;
  entry.fingerprint = kContent;
  entry.version = 100;
  entry.source_order = 50;
  entry.deleted = gone ? 1 : 0;
  return entry;
}

Verdict JudgeRow(const Row& row, int64_t version, uint64_t source_order, bool declared) {
  const EntityEntry entry = Entry(row.known == kGone);
  IncomingRecord incoming;
  incoming.fingerprint = row.content == kEqual ? kContent : base::Digest{3, 4};
  incoming.version = version;
  incoming.source_order = source_order;
  incoming.is_delete = row.op == kDelete;
  return JudgeEntity(row.known == kNothing ? nullptr : &entry, incoming, declared);
}

TEST_CASE("the table names every combination once") {
  std::set<std::tuple<Known, Order, Content, Op>> rows;
  for (const Row& row : kLiveAndGone) CHECK(rows.insert({row.known, row.order, row.content, row.op}).second);
  CHECK(rows.size() == 2 * 4 * 2 * 2);
}

TEST_CASE("known keys are judged as the table says") {
  for (const Row& row : kLiveAndGone) {
    INFO("known " << int(row.known) << " order " << int(row.order) << " content " << int(row.content) << " op "
                  << int(row.op));
    if (row.order != kNewerVersion) {
      // Without a declared version the source's order alone counts, whatever the column holds.
      const uint64_t order = row.order == kOlder ? 49 : row.order == kSame ? 50 : 51;
      for (const int64_t version : {INT64_MIN, int64_t{100}, INT64_MAX})
        CHECK(JudgeRow(row, version, order, false) == row.expected);
      CHECK(JudgeRow(row, 100, order, true) == row.expected);
    }
    // A declared version decides before the source's order.
    for (const uint64_t order : {uint64_t{0}, uint64_t{50}, UINT64_MAX}) {
      if (row.order == kOlder) CHECK(JudgeRow(row, 99, order, true) == row.expected);
      if (row.order == kNewerVersion) CHECK(JudgeRow(row, 101, order, true) == row.expected);
    }
  }
}

TEST_CASE("an unknown key: an upsert is inserted; a delete changes nothing, but its declared version is kept") {
  for (const Content content : {kEqual, kOther}) {
    CHECK(JudgeRow({kNothing, kSame, content, kUpsert, {}}, 1, 1, false) == Verdict::kInserted);
    CHECK(JudgeRow({kNothing, kSame, content, kUpsert, {}}, 1, 1, true) == Verdict::kInserted);
    CHECK(JudgeRow({kNothing, kSame, content, kDelete, {}}, 1, 1, false) == Verdict::kUnchanged);
    CHECK(JudgeRow({kNothing, kSame, content, kDelete, {}}, 1, 1, true) == Verdict::kUnchangedNewer);
  }
}

}  // namespace
}  // namespace datong::index
