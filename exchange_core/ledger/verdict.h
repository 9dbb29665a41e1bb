// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What becomes of a record: exactly one verdict each. Codes are stored in the ledger and never change meaning.
namespace datong::ledger {

enum class Verdict : uint8_t {
  kUndecided = 0,       // only while a batch is being judged
  kInserted = 1,        // accepted: a new key, or the first after a delete; every accepted event
  kUpdated = 2,         // accepted: a known key with other content
  kDeleted = 3,         // accepted: a known key is gone
  kDuplicate = 4,       // the same record again
  kUnchanged = 5,       // the same content again
  kUnchangedNewer = 6,  // the same content again under a later declared version, which the index keeps
  kStale = 7,           // older than what is known
  kUnauthorized = 8,    // not this publisher's resource
  kStaged = 9,          // waits in a snapshot under judgement

  // Quarantined, with the reason. New reasons go at the end; docs/operations.md has a heading for each.
  kUnreadableRow = 32,    // the source could not read the row (the record carries its own reason)
  kMalformedRecord = 33,  // payload is no protobuf message
  kUnknownSchema = 34,    // schema version the catalog does not have
  kWrongPartition = 35,   // the key belongs to another partition
  kDigestMismatch = 36,   // a column does not agree with the content
  kBadSource = 37,        // file or row number out of range
  kSnapshotDropped = 38,  // staged in a snapshot that was rejected, superseded, abandoned or broke off
  kConflictingRows = 39,  // another row of the snapshot has the same key and other content
  kContentLeftOut = 40,   // it says "as you have it", and the exchange does not have it so
};

constexpr bool IsAccepted(Verdict v) { return v >= Verdict::kInserted && v <= Verdict::kDeleted; }
constexpr bool IsQuarantined(Verdict v) { return v >= Verdict::kUnreadableRow; }
// The index learns from it.
constexpr bool IsAdmitted(Verdict v) { return IsAccepted(v) || v == Verdict::kUnchangedNewer; }
// The ledger keeps its columns: what the index learns, and what a snapshot's stage remembers.
constexpr bool IsKept(Verdict v) { return IsAdmitted(v) || v == Verdict::kStaged || v == Verdict::kConflictingRows; }

// The six counted outcomes of the books, in the order they are shown.
enum class Outcome : uint8_t { kAccepted, kDuplicate, kUnchanged, kStale, kQuarantined, kUnauthorized, kStaged };
inline constexpr int kOutcomes = 7;
Outcome OutcomeOf(Verdict verdict);
std::string_view NameOf(Outcome outcome);               // "accepted", ...
std::string_view NameOf(Verdict verdict);               // "inserted", "duplicate", "unreadable_row", ...
std::optional<Verdict> VerdictFromCode(uint32_t code);  // nullopt: unknown code

}  // namespace datong::ledger
