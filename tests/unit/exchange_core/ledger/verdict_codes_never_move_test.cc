// SPDX-License-Identifier: Apache-2.0
// Verdict codes are stored: each keeps its number, its name and its place in the books, and no other code is a verdict.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "exchange_core/ledger/verdict.h"

namespace datong::ledger {
namespace {

struct Row {
  uint32_t code;
  const char* name;
  const char* outcome;
  bool admitted;
};

constexpr Row kTable[] = {
    {1, "inserted", "accepted", true},
    {2, "updated", "accepted", true},
    {3, "deleted", "accepted", true},
    {4, "duplicate", "duplicate", false},
    {5, "unchanged", "unchanged", false},
    {6, "unchanged_newer", "unchanged", true},
    {7, "stale", "stale", false},
    {8, "unauthorized", "unauthorized", false},
    {9, "staged", "staged", false},
    {32, "unreadable_row", "quarantined", false},
    {33, "malformed_record", "quarantined", false},
    {34, "unknown_schema", "quarantined", false},
    {35, "wrong_partition", "quarantined", false},
    {36, "digest_mismatch", "quarantined", false},
    {37, "bad_source", "quarantined", false},
    {38, "snapshot_dropped", "quarantined", false},
    {39, "conflicting_rows", "quarantined", false},
    {40, "content_left_out", "quarantined", false},
};

TEST_CASE("every code has its name and outcome") {
  for (const Row& row : kTable) {
    INFO(row.name);
    const auto verdict = VerdictFromCode(row.code);
    REQUIRE(verdict.has_value());
    CHECK(NameOf(*verdict) == row.name);
    CHECK(NameOf(OutcomeOf(*verdict)) == row.outcome);
    CHECK(IsAdmitted(*verdict) == row.admitted);
    CHECK(IsAccepted(*verdict) == (OutcomeOf(*verdict) == Outcome::kAccepted));
    CHECK(IsQuarantined(*verdict) == (OutcomeOf(*verdict) == Outcome::kQuarantined));
  }
}

TEST_CASE("no other code is a verdict") {
  std::set<uint32_t> known;
  for (const Row& row : kTable) known.insert(row.code);
  for (uint32_t code = 0; code < 1000; ++code) CHECK(VerdictFromCode(code).has_value() == (known.count(code) == 1));
}

}  // namespace
}  // namespace datong::ledger
