// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/ledger/verdict.h"

#include "exchange_core/base/check.h"

namespace datong::ledger {

Outcome OutcomeOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kInserted:
    case Verdict::kUpdated:
    case Verdict::kDeleted:
      return Outcome::kAccepted;
    case Verdict::kDuplicate:
      return Outcome::kDuplicate;
    case Verdict::kUnchanged:
    case Verdict::kUnchangedNewer:
      return Outcome::kUnchanged;
    case Verdict::kStale:
      return Outcome::kStale;
    case Verdict::kUnauthorized:
      return Outcome::kUnauthorized;
    case Verdict::kStaged:
      return Outcome::kStaged;
    case Verdict::kUnreadableRow:
    case Verdict::kMalformedRecord:
    case Verdict::kUnknownSchema:
    case Verdict::kWrongPartition:
    case Verdict::kDigestMismatch:
    case Verdict::kBadSource:
    case Verdict::kSnapshotDropped:
    case Verdict::kConflictingRows:
    case Verdict::kContentLeftOut:
      return Outcome::kQuarantined;
    case Verdict::kUndecided:
      break;
  }
  DATONG_CHECK(!"a record without a verdict reached the books");
}

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAccepted:
      return "accepted";
    case Outcome::kDuplicate:
      return "duplicate";
    case Outcome::kUnchanged:
      return "unchanged";
    case Outcome::kStale:
      return "stale";
    case Outcome::kQuarantined:
      return "quarantined";
    case Outcome::kUnauthorized:
      return "unauthorized";
    case Outcome::kStaged:
      return "staged";
  }
  DATONG_CHECK(!"no such outcome");
}

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUndecided:
      return "undecided";
    case Verdict::kInserted:
      return "inserted";
    case Verdict::kUpdated:
      return "updated";
    case Verdict::kDeleted:
      return "deleted";
    case Verdict::kDuplicate:
      return "duplicate";
    case Verdict::kUnchanged:
      return "unchanged";
    case Verdict::kUnchangedNewer:
      return "unchanged_newer";
    case Verdict::kStale:
      return "stale";
    case Verdict::kUnauthorized:
      return "unauthorized";
    case Verdict::kStaged:
      return "staged";
    case Verdict::kUnreadableRow:
      return "unreadable_row";
    case Verdict::kMalformedRecord:
      return "malformed_record";
    case Verdict::kUnknownSchema:
      return "unknown_schema";
    case Verdict::kWrongPartition:
      return "wrong_partition";
    case Verdict::kDigestMismatch:
      return "digest_mismatch";
    case Verdict::kBadSource:
      return "bad_source";
    case Verdict::kSnapshotDropped:
      return "snapshot_dropped";
    case Verdict::kConflictingRows:
      return "conflicting_rows";
    case Verdict::kContentLeftOut:
      return "content_left_out";
  }
  DATONG_CHECK(!"no such verdict");
}

std::optional<Verdict> VerdictFromCode(uint32_t code) {
  // Ranges, not a cast of whatever comes: a code of a later program must be noticed, not counted as something else.
  const bool known =
      (code >= static_cast<uint32_t>(Verdict::kInserted) && code <= static_cast<uint32_t>(Verdict::kStaged)) ||
      (code >= static_cast<uint32_t>(Verdict::kUnreadableRow) &&
       code <= static_cast<uint32_t>(Verdict::kContentLeftOut));
  if (!known) return std::nullopt;
  return static_cast<Verdict>(code);
}

}  // namespace datong::ledger
