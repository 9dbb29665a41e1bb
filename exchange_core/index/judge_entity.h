// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "exchange_core/base/digest.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/ledger/verdict.h"

namespace datong::index {

// What a record claims, as far as the rules ask.
struct IncomingRecord {
  base::Digest fingerprint;
  int64_t version = 0;
  uint64_t source_order = 0;
  bool is_delete = false;
};

enum class Age : int8_t { kOlder = -1, kSame = 0, kNewer = 1 };

// Versions count only where the resource declares a version item; the source's order breaks ties.
inline Age AgeAgainst(const EntityEntry& known, const IncomingRecord& incoming, bool declared_version) {
  if (declared_version && incoming.version != known.version) {
    return incoming.version > known.version ? Age::kNewer : Age::kOlder;
  }
  if (incoming.source_order == known.source_order) return Age::kSame;
  return incoming.source_order > known.source_order ? Age::kNewer : Age::kOlder;
}

// The rules of an entity resource, and nothing else: `known` is what the index holds of the key (nullptr: nothing).
// Pure.
//
// The aim: whatever part of a source's sequence comes again, cut into whatever batches, nothing is accepted a second
// time.
//  * Everything at or before the known order was judged already: it is a duplicate or stale, never a change.
//  * A later record without effect (same content, or a delete of what is gone) leaves the order where it was: within
//  one
//    source a record that lies between cannot come any more. A declared version gives no such promise - the next record
//    may carry a smaller one - so there the index keeps the greater version (kUnchangedNewer), even of a key it never
//    had.
//  * At the same order a delete prevails over an upsert: of the two one must, or they would replace each other for
//  ever.
inline ledger::Verdict JudgeEntity(const EntityEntry* known, const IncomingRecord& incoming, bool declared_version) {
  using ledger::Verdict;
  if (known == nullptr) {
    if (!incoming.is_delete) return Verdict::kInserted;
    return declared_version ? Verdict::kUnchangedNewer : Verdict::kUnchanged;
  }
  const Age age = AgeAgainst(*known, incoming, declared_version);
  const bool gone = known->deleted != 0;
  const bool version_grew = declared_version && age == Age::kNewer && incoming.version > known->version;

  if (incoming.is_delete) {
    if (age == Age::kOlder) return Verdict::kStale;
    if (!gone) return Verdict::kDeleted;
    if (age == Age::kSame) return Verdict::kDuplicate;
    return version_grew ? Verdict::kUnchangedNewer : Verdict::kUnchanged;
  }
  const bool same_content = known->fingerprint == incoming.fingerprint;
  if (age == Age::kOlder || (age == Age::kSame && gone)) return same_content ? Verdict::kDuplicate : Verdict::kStale;
  if (gone) return Verdict::kInserted;
  if (!same_content) return Verdict::kUpdated;  // at the same order: a corrected mapping of the same row
  if (age == Age::kSame) return Verdict::kDuplicate;
  return version_grew ? Verdict::kUnchangedNewer : Verdict::kUnchanged;
}

}  // namespace datong::index
