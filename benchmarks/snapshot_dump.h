// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "exchange_core/base/digest.h"
#include "exchange_core/record/record_batch.h"

namespace datong::benchmarks {

// Two successive full dumps of a made-up register, known row by row: the second lacks one key in a thousand, and one
// row in a hundred of the others has changed.
struct DumpPair {
  uint64_t keys = 0;

  static constexpr uint64_t kMissingEvery = 1'000, kChangedEvery = 100;
  static bool IsMissing(uint64_t key) { return key % kMissingEvery == 500; }
  static bool IsChanged(uint64_t key) { return key % kChangedEvery == 7; }
  uint64_t missing() const { return CountOf(kMissingEvery, 500); }
  uint64_t changed() const { return CountOf(kChangedEvery, 7); }  // no key is both
  uint64_t nightly_rows() const { return keys - missing(); }

  static base::Digest KeyOf(uint64_t key);  // as a keyed digest would spread it
  static base::Digest ContentOf(uint64_t key, bool changed);

 private:
  uint64_t CountOf(uint64_t every, uint64_t first) const { return keys <= first ? 0 : (keys - first - 1) / every + 1; }
};

// Columns of one batch of a dump, made anew for each batch outside of the measured time.
class DumpColumns {
 public:
  DumpColumns(uint32_t file_sequence, size_t records);
  void Clear() { size_ = 0; }
  void Add(uint64_t key, bool changed);
  bool full() const { return size_ == capacity_; }
  size_t size() const { return size_; }
  void Finish();  // columns() is right for the rows since Clear

  const record::BatchHeader& header() const { return header_; }
  const record::RecordColumns& columns() const { return columns_; }

 private:
  record::BatchHeader header_;
  record::RecordColumns columns_;
  const size_t capacity_;
  size_t size_ = 0;
  uint64_t row_ = 0;
};

}  // namespace datong::benchmarks
