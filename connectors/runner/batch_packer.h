// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/runner/column_map.h"
#include "connectors/runner/recalled_rows.h"
#include "connectors/runner/row_recorder.h"
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

  // PublishSession::WhichAreHeld.
  using WhichAreHeld =
      std::function<void(uint32_t partition, const record::RecordClaims&, std::vector<uint32_t>& entries)>;

  // The rows that follow belong to a unit with this map. `recorder`, may be null: writes down what they become. With
  // `which_are_held` a row that is recalled, and that the exchange holds as it is, goes out without its content. Map
  // and recorder are kept by reference until the next call.
  void BeginUnit(const ColumnMap& columns, RowRecorder* recorder = nullptr, WhichAreHeld which_are_held = nullptr);
  // Rows that need their values and have none yet are parsed. `recalled`, of the rows: needed with a recorder or
  // `which_are_held`, else not looked at; what the other rows become is added to it.
  void Add(sdk::RowBatch& rows, RecalledRows* recalled = nullptr);

  size_t rows() const { return rows_; }
  size_t bytes() const { return bytes_; }  // of the rows' text, about the payload's size

  FilledBatches Take();                // everything added; the packer is empty then
  void GiveBack(FilledBatches taken);  // their memory, for what comes next

 private:
  void FindHeld(const sdk::RowBatch& rows, const RecalledRows& recalled);
  void AddRow(const sdk::RowBatch& rows, size_t row, RecalledRows* recalled);
  void KeepHeld(uint32_t partition);
  void AddHeldBefore(size_t row);
  bool AddReadable(const sdk::RowBatch& rows, size_t row, record::RecordWriter::Place place);
  void TakeValues(const sdk::RowBatch& rows, size_t row);
  void AddUnreadable(const record::RowProblem& problem, std::string_view raw, record::RecordWriter::Place place,
                     const std::optional<base::Digest>& key);
  void Count(size_t bytes);
  void SealFullBatches();

  record::RecordBatch EmptyBatch();

  const client::ResourceInfo& resource_;
  record::RecordWriter writer_;
  const ColumnMap* columns_ = nullptr;
  RowRecorder* recorder_ = nullptr;
  WhichAreHeld which_are_held_;
  std::vector<uint8_t> is_held_;  // of every row at hand
  // Of those that the exchange holds: they wait here, and go out in their order with what stands between them.
  struct Held {
    record::RecordClaims claims;
    std::vector<uint64_t> row_numbers;
    std::vector<uint32_t> rows;
    std::vector<uint32_t> entries;
    size_t added = 0;
  };
  std::vector<Held> held_;  // of each partition
  std::vector<record::FieldText> values_;
  std::vector<record::RecordBatch> open_;      // one per partition
  std::vector<FilledBatches::Filled> sealed_;  // full ones, in order
  std::vector<record::RecordBatch> spare_;     // emptied, with their memory
  size_t unsealed_bytes_ = 0;                  // at most this much was added since the last look at what is full
  size_t rows_ = 0;
  size_t bytes_ = 0;
};

}  // namespace datong::runner
