// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_batch.h"

namespace datong::pipeline {

// The payload of an input batch, opened at most once and only when somebody needs it. Valid while `batch` is.
class LazyPayload {
 public:
  // `buffer` is reused memory.
  LazyPayload(const record::PackedBatch& batch, std::string& buffer) : batch_(batch), buffer_(buffer) {}
  absl::StatusOr<std::string_view> Get();

 private:
  const record::PackedBatch& batch_;
  std::string& buffer_;
  bool opened_ = false;
};

// A batch of deliveries, and how many records of the stream it carries.
struct PackedPart {
  uint32_t records = 0;
  broker::Body body;
};

// What one view lets through of a judged batch.
struct Routed {
  uint32_t records = 0;           // selected; 0: nothing to deliver
  std::vector<PackedPart> parts;  // in the order of the records; more than one where one would be too large
  std::vector<uint8_t>
      operations;  // with an untouched body: per record the operation code, 0 = not selected; else empty
};

// Decides how a batch travels into one view's stream, and packs it. The publisher's batch goes on untouched when the
// view takes batches with every item and every record it does not take was delivered before (duplicate, unchanged,
// stale): nothing outside the view can leave with it. Otherwise the selected records are packed anew, with permitted
// fields only. Owned by one lane; not thread-safe. Errors: DataLoss when the payload does not open.
class RouteStage {
 public:
  absl::StatusOr<Routed> Route(const catalog::View& view, const record::RecordSchema& schema,
                               const record::PackedBatch& batch, const broker::Body& original,
                               std::span<const ledger::Verdict> verdicts, LazyPayload& payload);

  // Packs the records for which `operations` is not 0 into batches of their own (the exchange as publisher): one, or,
  // where that would be larger than a batch may be, as many as it takes. None of them: no part.
  absl::StatusOr<std::vector<PackedPart>> Repack(const catalog::View& view, const record::RecordSchema& schema,
                                                 const record::BatchHeader& header,
                                                 const record::RecordColumns& columns, std::string_view payload,
                                                 std::span<const uint8_t> operations);

 private:
  record::RecordBatch repacked_;
};

// Operation under which an accepted record is delivered; 0 for every other verdict.
uint8_t DeliveredOperation(ledger::Verdict verdict);

}  // namespace datong::pipeline
