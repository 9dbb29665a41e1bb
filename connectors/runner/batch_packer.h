// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/runner/column_map.h"
#include "connectors/sdk/row_batch.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/record/record_writer.h"

namespace datong::runner {

// Record batches on their way to a publish, in the order they go out. Their headers are still empty.
struct FilledBatches {
  struct Filled {
    uint32_t partition = 0;
    record::RecordBatch batch;
  };
  std::vector<Filled> batches;
  uint64_t rows = 0;
};

// Rows in, record batches by partition out. Not thread-safe; what was taken may go to another thread and back.
class BatchPacker {
 public:
  // `resource` must outlive it.
  explicit BatchPacker(const client::ResourceInfo& resource);

  // The rows that follow belong to a unit with this map (kept by reference until the next call).
  void BeginUnit(const ColumnMap& columns) { columns_ = &columns; }
  void Add(const sdk::RowBatch& rows);

  size_t rows() const { return rows_; }
  size_t bytes() const { return bytes_; }  // of the rows' text, about the payload's size

  FilledBatches Take();                // everything added; the packer is empty then
  void GiveBack(FilledBatches taken);  // their memory, for what comes next

 private:
  void AddRow(const sdk::RowBatch& rows, size_t row);
  void TakeValues(const sdk::RowBatch& rows, size_t row);
  void AddUnreadable(const record::RowProblem& problem, std::string_view raw, record::RecordWriter::Place place,
                     const std::optional<base::Digest>& key);
  void SealFullBatches();

  record::RecordBatch EmptyBatch();

  const client::ResourceInfo& resource_;
  record::RecordWriter writer_;
  const ColumnMap* columns_ = nullptr;
  std::vector<record::FieldText> values_;
  std::vector<record::RecordBatch> open_;      // one per partition
  std::vector<FilledBatches::Filled> sealed_;  // full ones, in order
  std::vector<record::RecordBatch> spare_;     // emptied, with their memory
  size_t unsealed_bytes_ = 0;                  // at most this much was added since the last look at what is full
  size_t rows_ = 0;
  size_t bytes_ = 0;
};

}  // namespace datong::runner
