// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/digest.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/record_batch.h"

namespace datong::ledger::v1 {
class LedgerEntry;
}

// Stored bytes of ledger entries. A ledger message holds the entries of one commit one after another, each with a
// length.
namespace datong::ledger {

inline constexpr char kLedgerTopic[] = "ledger";  // partition = lane

// Where a lane's chain stands.
struct ChainHead {
  uint64_t sequence = 0;  // of the last entry; 0 = none yet
  base::Sha256Digest hash{};
};

// Appends `entry` (its lane, sequence and previous_hash are set here from `head`) to a ledger message, and moves the
// head.
void AppendEntry(v1::LedgerEntry& entry, uint32_t lane, ChainHead& head, std::string& message);

// Reads a ledger message entry by entry and checks that each continues the chain.
//   LedgerMessageReader reader(bytes, lane, head);
//   while (true) { ASSIGN_OR_RETURN(bool more, reader.Next(entry)); if (!more) break; ... }
// DataLoss: a link, number or lane is wrong (names the entry); InvalidArgument/Unimplemented: not an entry we know.
class LedgerMessageReader {
 public:
  LedgerMessageReader(std::string_view message, uint32_t lane, ChainHead head);
  absl::StatusOr<bool> Next(v1::LedgerEntry& entry);
  const ChainHead& head() const { return head_; }

 private:
  std::string_view rest_;
  uint32_t lane_;
  ChainHead head_;
};

// (code, count) pairs <-> one code per record. Unpack fails (false) when the counts do not add up to `records`, or when
// those are more than a batch may have: a few bytes must not ask for memory without end.
template <typename Repeated>
void PackRuns(std::span<const uint8_t> codes, Repeated* runs) {
  for (size_t i = 0; i < codes.size();) {
    size_t end = i + 1;
    while (end < codes.size() && codes[end] == codes[i]) ++end;
    runs->Add(codes[i]);
    runs->Add(static_cast<uint32_t>(end - i));
    i = end;
  }
}
template <typename Repeated>
bool UnpackRuns(const Repeated& runs, size_t records, std::vector<uint8_t>& codes) {
  codes.clear();
  if (runs.size() % 2 != 0 || records > base::kBatchRecordsMax) return false;
  for (int i = 0; i < runs.size(); i += 2) {
    if (runs.Get(i) > 255 || runs.Get(i + 1) > records - codes.size()) return false;
    codes.insert(codes.end(), runs.Get(i + 1), static_cast<uint8_t>(runs.Get(i)));
  }
  return codes.size() == records;
}

// What the index needs to learn a batch again without the batch, and a snapshot's stage to remember it: one element per
// record with IsKept(), in record order.
struct AdmittedColumns {
  std::vector<uint32_t> record;           // number within the batch
  std::vector<base::Digest> key;          // entity: key; event: id
  std::vector<base::Digest> fingerprint;  // entity only, else empty
  std::vector<int64_t> version;           // entity only
  std::vector<uint64_t> source_order;     // entity only
  std::vector<Verdict> verdict;
  size_t size() const { return record.size(); }
  void clear();
};
// `verdicts` has one element per record of the batch; those with IsKept() are taken from the batch's columns.
// `record`, `verdict` are not stored: they follow from the verdict runs.
std::string EncodeAdmitted(const record::BatchHeader& header, const record::RecordColumns& columns,
                           std::span<const Verdict> verdicts, bool entity);
absl::Status DecodeAdmitted(std::string_view bytes, std::span<const Verdict> verdicts, bool entity,
                            AdmittedColumns& into);

}  // namespace datong::ledger
