// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connectors/runner/row_memory_file.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/record/record_batch.h"

namespace datong::runner {

// The rows of a source's last full dump, read in order along with the dump that is read now (row_memory_file.h). A row
// that moved far within the dump is not found. Errors of the disk end the memory, and nothing else. Not thread-safe.
class RememberedRows {
 public:
  // Of another meaning (row_signature.h) nothing is remembered.
  RememberedRows(base::FileSystem& files, const std::string& path, const base::Digest& meaning);

  bool empty() const { return known_.empty(); }  // there is nothing, or nothing more, to recall
  // What rows with these signatures, in their order, became in the last dump: known[i] = 1 where claims[i] says it.
  // `claims` and `known` are made as long as `signatures`.
  void Recall(std::span<const base::Digest> signatures, record::RecordClaims& claims, std::vector<uint8_t>& known);

 private:
  bool Search(const base::Digest& signature);  // true: the cursor stands on it
  void StepIntoNextChunk();
  void FillWindow();

  std::unique_ptr<base::RandomAccessFile> last_;  // null: nothing (more) to read
  uint64_t last_offset_ = 0;
  std::string buffer_;
  std::deque<RememberedChunk> known_;  // the window: some chunks around the cursor; the one at the cursor is not empty
  size_t cursor_chunk_ = 0, cursor_ = 0;
  size_t misses_ = 0;  // rows since the last one that was found
  absl::flat_hash_map<base::Digest, std::pair<uint32_t, uint32_t>> by_signature_;  // of the window; empty: not made
};

}  // namespace datong::runner
