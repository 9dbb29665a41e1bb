// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/runner/column_map.h"
#include "connectors/sdk/row_batch.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/record/record_writer.h"

namespace datong::runner {

// Rows in, record batches by partition out. Keeps its memory from publish to publish. Not thread-safe.
class BatchPacker {
 public:
  // `resource` must outlive it.
  explicit BatchPacker(const client::ResourceInfo& resource);

  // The rows that follow belong to a unit with this map (kept by reference until the next call).
  void BeginUnit(const ColumnMap& columns) { columns_ = &columns; }
  void Add(const sdk::RowBatch& rows);

  size_t rows() const { return rows_; }
  size_t bytes() const { return bytes_; }  // of the rows' text, about the payload's size

  // Fields that all batches of a publish share; resource, partition, schema, digests and sequence are filled in here.
  // `rows_before`: rows of the run published before; publisher_sequence is the number of a batch's first row within its
  // run (so that it grows without a counter to keep), snapshot begin marks the first batches of a run.
  absl::StatusOr<std::vector<client::PublishBatch>> Pack(record::BatchHeader shared, uint64_t rows_before);
  void Clear();  // what was added is published, or forgotten

 private:
  void AddRow(const sdk::RowBatch& rows, size_t row);
  void TakeValues(const sdk::RowBatch& rows, size_t row);
  void AddUnreadable(const record::RowProblem& problem, std::string_view raw, record::RecordWriter::Place place,
                     const std::optional<base::Digest>& key);
  void SealFullBatches();

  struct Sealed {
    uint32_t partition = 0;
    record::RecordBatch batch;
  };
  const client::ResourceInfo& resource_;
  record::RecordWriter writer_;
  const ColumnMap* columns_ = nullptr;
  std::vector<record::FieldText> values_;
  std::vector<record::RecordBatch> open_;   // one per partition
  std::vector<Sealed> sealed_;              // full ones, in order
  std::vector<record::RecordBatch> spare_;  // emptied, with their memory
  size_t unsealed_bytes_ = 0;               // at most this much was added since the last look at what is full
  size_t rows_ = 0;
  size_t bytes_ = 0;
};

}  // namespace datong::runner
