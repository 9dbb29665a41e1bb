// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "exchange_core/base/random.h"
#include "exchange_core/index/entity_index.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/record/record_batch.h"

// Records and batches by hand, for the tests of this folder.
namespace datong::index {

inline uint64_t TestSeed() {
  const char* text = std::getenv("DATONG_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : base::SystemRandom().Next();
  std::cout << "DATONG_SEED=" << seed << "\n";
  return seed;
}

// A digest that depends on `n` alone.
inline base::Digest DigestOf(uint64_t n, uint64_t purpose = 0) {
  base::SeededRandom random(n * 0x2545f4914f6cdd1dull + purpose);
  const uint64_t low = random.Next();
  return {low, random.Next()};
}

struct SampleRecord {
  uint64_t key = 0;
  uint64_t content = 0;
  int64_t version = 0;
  uint64_t row = 0;
  bool is_delete = false;
};

struct SampleBatch {
  record::BatchHeader header;
  record::RecordColumns columns;
  std::vector<ledger::Verdict> verdicts;

  explicit SampleBatch(const std::vector<SampleRecord>& records) {
    header.files = {{1, "file"}};
    for (const SampleRecord& r : records) {
      columns.id.push_back(DigestOf(r.key));
      columns.key.push_back(DigestOf(r.key));
      columns.fingerprint.push_back(DigestOf(r.content, 1));
      columns.operation.push_back(r.is_delete ? record::Operation::kDelete : record::Operation::kUpsert);
      columns.version.push_back(r.version);
      columns.event_time.push_back(0);
      columns.file_index.push_back(0);
      columns.row.push_back(r.row);
      columns.payload_end.push_back(0);
    }
    verdicts.assign(records.size(), ledger::Verdict::kUndecided);
  }

  size_t accepted() const {
    size_t n = 0;
    for (const ledger::Verdict v : verdicts) n += ledger::IsAccepted(v) ? 1 : 0;
    return n;
  }
};

// The same batch as the ledger gives it back.
inline ledger::AdmittedColumns ThroughLedger(const SampleBatch& batch, bool entity) {
  ledger::AdmittedColumns admitted;
  const std::string bytes = ledger::EncodeAdmitted(batch.header, batch.columns, batch.verdicts, entity);
  if (!ledger::DecodeAdmitted(bytes, batch.verdicts, entity, admitted).ok()) std::abort();
  return admitted;
}

template <typename Index>
std::string Bytes(const Index& index) {
  std::string out;
  index.Serialize(out);
  return out;
}

}  // namespace datong::index
