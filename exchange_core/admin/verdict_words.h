// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "exchange_core/ledger/verdict.h"

namespace datong::admin {

// A verdict in a sentence, for who asks why a record was not delivered.
constexpr std::string_view WhyOf(ledger::Verdict verdict) {
  using ledger::Verdict;
  switch (verdict) {
    case Verdict::kUndecided:
      return "not yet decided";
    case Verdict::kInserted:
      return "a key not known before, or the first record after a delete";
    case Verdict::kUpdated:
      return "the content differs from what was known";
    case Verdict::kDeleted:
      return "the source says that the object is gone";
    case Verdict::kDuplicate:
      return "this very record was decided before";
    case Verdict::kUnchanged:
      return "the content is what was known already";
    case Verdict::kUnchangedNewer:
      return "the content is what was known already, under a later version";
    case Verdict::kStale:
      return "older than what is known of this key";
    case Verdict::kUnauthorized:
      return "the publisher is not the provider of this resource";
    case Verdict::kStaged:
      return "waits in a snapshot under judgement";
    case Verdict::kUnreadableRow:
      return "the row could not be made into a record";
    case Verdict::kMalformedRecord:
      return "the record's bytes are no message";
    case Verdict::kUnknownSchema:
      return "the catalog does not have this schema version";
    case Verdict::kWrongPartition:
      return "the key belongs to another partition";
    case Verdict::kDigestMismatch:
      return "a digest does not agree with the content";
    case Verdict::kBadSource:
      return "file or row number out of range";
    case Verdict::kSnapshotDropped:
      return "the snapshot it came in does not count";
    case Verdict::kConflictingRows:
      return "another row of the snapshot has the same key and other content";
    case Verdict::kContentLeftOut:
      return "sent without content, as known already, and the exchange knows other content or none";
  }
  return "unknown verdict";
}

}  // namespace datong::admin
