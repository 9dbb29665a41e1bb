// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/snapshot_dump.h"

#include "benchmarks/prepared_unit.h"
#include "exchange_core/base/random.h"

namespace datong::benchmarks {
namespace {

base::Digest DigestOf(uint64_t number) {
  base::SeededRandom random(number ^ kSeed << 32);
  base::Digest digest;
  digest.low = random.Next();
  digest.high = random.Next();
  return digest;
}

}  // namespace

base::Digest DumpPair::KeyOf(uint64_t key) { return DigestOf(key); }
base::Digest DumpPair::ContentOf(uint64_t key, bool changed) {
  return DigestOf(~key ^ (changed ? uint64_t{1} << 40 : 0));
}

DumpColumns::DumpColumns(uint32_t file_sequence, size_t records) : capacity_(records) {
  header_.files = {{file_sequence, "made-up"}};
}

void DumpColumns::Add(uint64_t key, bool changed) {
  if (columns_.size() <= size_) {
    columns_.operation.push_back(record::Operation::kUpsert);
    columns_.version.push_back(0);
    columns_.event_time.push_back(0);
    columns_.file_index.push_back(0);
    columns_.payload_end.push_back(0);
    columns_.row.emplace_back();
    columns_.key.emplace_back();
    columns_.fingerprint.emplace_back();
  }
  columns_.key[size_] = DumpPair::KeyOf(key);
  columns_.fingerprint[size_] = DumpPair::ContentOf(key, changed);
  columns_.row[size_] = ++row_;
  ++size_;
}

void DumpColumns::Finish() {
  columns_.operation.resize(size_, record::Operation::kUpsert);
  columns_.version.resize(size_);
  columns_.event_time.resize(size_);
  columns_.file_index.resize(size_);
  columns_.payload_end.resize(size_);
  columns_.row.resize(size_);
  columns_.key.resize(size_);
  columns_.fingerprint.resize(size_);
  columns_.id = columns_.key;
}

}  // namespace datong::benchmarks
