// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/runner/column_map.h"
#include "connectors/runner/row_memory.h"
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
  using WhichAreHeld = std::function<void(uint32_t partition, const client::RecordClaims&, std::vector<uint8_t>& held)>;

  // The rows that follow belong to a unit with this map (kept by reference until the next call). `memory`, may be null:
  // what became of the rows of the last dump. With it and `which_are_held` a row that the exchange holds as it is goes
  // out without its content.
  void BeginUnit(const ColumnMap& columns, RowMemory* memory = nullptr, WhichAreHeld which_are_held = nullptr);
  void Add(const sdk::RowBatch& rows);

  size_t rows() const { return rows_; }
  size_t bytes() const { return bytes_; }  // of the rows' text, about the payload's size

  FilledBatches Take();                // everything added; the packer is empty then
  void GiveBack(FilledBatches taken);  // their memory, for what comes next

 private:
  // Of every row: its signature, and whether it can go out without its content.
  struct Recalled {
    base::Digest signature;
    record::RecordClaim claim;
    bool is_held = false;  // then `claim` is what the row becomes, and the exchange has it
  };
  void Recall(const sdk::RowBatch& rows);
  void AddRow(const sdk::RowBatch& rows, size_t row);
  bool AddReadable(const sdk::RowBatch& rows, size_t row, record::RecordWriter::Place place);
  void AddSame(const record::RecordClaim& claim, record::RecordWriter::Place place);
  void TakeValues(const sdk::RowBatch& rows, size_t row);
  void AddUnreadable(const record::RowProblem& problem, std::string_view raw, record::RecordWriter::Place place,
                     const std::optional<base::Digest>& key);
  void Count(size_t bytes);
  void SealFullBatches();

  record::RecordBatch EmptyBatch();

  const client::ResourceInfo& resource_;
  record::RecordWriter writer_;
  const ColumnMap* columns_ = nullptr;
  RowMemory* memory_ = nullptr;
  WhichAreHeld which_are_held_;
  RowSignature signature_;
  std::vector<Recalled> recalled_;  // of the rows at hand; empty without a memory
  struct Asked {                    // of one partition
    client::RecordClaims claims;
    std::vector<size_t> rows;
  };
  std::vector<Asked> asked_;
  std::vector<uint8_t> held_;
  std::vector<record::FieldText> values_;
  std::vector<record::RecordBatch> open_;      // one per partition
  std::vector<FilledBatches::Filled> sealed_;  // full ones, in order
  std::vector<record::RecordBatch> spare_;     // emptied, with their memory
  size_t unsealed_bytes_ = 0;                  // at most this much was added since the last look at what is full
  size_t rows_ = 0;
  size_t bytes_ = 0;
};

}  // namespace datong::runner
