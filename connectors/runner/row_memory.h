// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/runner/column_map.h"
#include "connectors/sdk/row_batch.h"
#include "exchange_core/base/digest.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/record/record_batch.h"

namespace datong::runner {

// Stands for everything besides a row that decides what record it becomes: schema, map of columns, secret of the
// domain.
base::Digest MeaningOf(const client::ResourceInfo& resource, const ColumnMap& columns);

// A signature stands for a row as its source handed it over: equal rows have equal ones, other rows others (128 bits,
// not keyed: whoever makes two rows meet hides a change of his own data from nobody but himself).
void SignRows(const sdk::RowBatch& rows, std::vector<base::Digest>& signatures);

// What the rows of a source's last full dump became, in the order of that dump: signature -> claim. The next dump is
// read along with it, so that a row that stands in both need not be made into a record to know its key and fingerprint.
// It is a memory of a pure function: whatever is lost, old or damaged costs time and changes no claim. A row that moved
// far within the dump is not found.
//
// One file, read in order while the next one is written in order: memory does not grow with the dump. Chunks carry
// checksums; nothing is synced. Errors of the disk end the remembering, and nothing else. Not thread-safe.
class RowMemory {
 public:
  RowMemory(base::FileSystem& files, std::string path);
  ~RowMemory();

  // `from_first_row`: else the reading goes on inside the unit, and its memory would lack the rows before.
  void BeginUnit(const base::Digest& meaning, bool from_first_row);
  // What rows with these signatures, in their order, became in the last dump: known[i] = 1 where claims[i] says it.
  // `claims` and `known` are made as long as `signatures`.
  void Recall(std::span<const base::Digest> signatures, record::RecordClaims& claims, std::vector<uint8_t>& known);
  // What rows became, in their order; only those with known[i] != 0.
  void Remember(std::span<const base::Digest> signatures, const record::RecordClaims& claims,
                std::span<const uint8_t> known);
  // Complete: what was remembered takes the place of the last dump's rows.
  void EndUnit(bool complete);

 private:
  struct Chunk {
    std::vector<base::Digest> signature;
    record::RecordClaims claims;
    size_t size() const { return signature.size(); }
    void clear() {
      signature.clear();
      claims.clear();
    }
  };

  bool Search(const base::Digest& signature);  // true: the cursor stands on it
  void StepIntoNextChunk();
  void FillWindow();
  std::optional<Chunk> ReadChunk();
  void WriteChunk();
  void StopWriting();

  base::FileSystem& files_;
  const std::string path_, path_of_next_;

  std::unique_ptr<base::RandomAccessFile> last_;  // null: nothing (more) to read
  uint64_t last_offset_ = 0;
  std::deque<Chunk> known_;  // the window: some chunks around the cursor; the chunk at the cursor is not empty
  size_t cursor_chunk_ = 0, cursor_ = 0;
  size_t misses_ = 0;  // rows since the last one that was found
  absl::flat_hash_map<base::Digest, std::pair<uint32_t, uint32_t>> by_signature_;  // of the window; empty: not made

  std::unique_ptr<base::AppendFile> next_;  // null: nothing is remembered
  Chunk filling_;
  std::string buffer_;
};

}  // namespace datong::runner
