// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/delivered_batch.h"

#include <absl/strings/str_cat.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/record_json.h"

namespace datong::node {
namespace {

// Moves the selected records to the front of each column; payload bytes are closed up in place.
void KeepSelected(const std::vector<uint8_t>& operations, record::RecordBatch& batch) {
  record::RecordColumns& c = batch.columns;
  size_t to = 0;
  uint32_t payload_to = 0;
  uint32_t begin = 0;
  for (size_t from = 0; from < operations.size(); ++from) {
    const uint32_t end = c.payload_end[from];
    if (operations[from] != 0) {
      if (payload_to != begin)
        batch.payload.replace(payload_to, end - begin, std::string_view(batch.payload).substr(begin, end - begin));
      payload_to += end - begin;
      c.id[to] = c.id[from];
      c.key[to] = c.key[from];
      c.fingerprint[to] = c.fingerprint[from];
      c.operation[to] = static_cast<record::Operation>(operations[from]);
      c.version[to] = c.version[from];
      c.event_time[to] = c.event_time[from];
      c.file_index[to] = c.file_index[from];
      c.row[to] = c.row[from];
      c.payload_end[to] = payload_to;
      ++to;
    }
    begin = end;
  }
  c.id.resize(to);
  c.key.resize(to);
  c.fingerprint.resize(to);
  c.operation.resize(to);
  c.version.resize(to);
  c.event_time.resize(to);
  c.file_index.resize(to);
  c.row.resize(to);
  c.payload_end.resize(to);
  batch.payload.resize(payload_to);
}

// A body of one record: its batch is in the envelope, and of what the batch holds, the body is the payload.
absl::Status DecodeOne(const ledger::v1::DeliveryEnvelope& envelope, std::string_view body,
                       const record::RecordSchema& schema, record::RecordBatch& into) {
  RETURN_IF_ERROR(record::DecodeBatch(envelope.record_batch(), into));
  if (into.size() != 1) return absl::DataLossError("the batch of one record in an envelope holds another number");
  if (body.empty()) return absl::OkStatus();  // a delete, or a record without a value
  if (!into.payload.empty()) return absl::DataLossError("a record stands in an envelope and in its body");
  if (body.size() > base::kBatchBytesMax) return absl::DataLossError("a record's body is too large");
  if (envelope.json()) {
    const absl::Status read = record::AppendRecordFromJson(schema, body, into.payload);
    if (!read.ok()) return absl::DataLossError(read.message());
  } else {
    into.payload = body;
  }
  into.columns.payload_end[0] = static_cast<uint32_t>(into.payload.size());
  return absl::OkStatus();
}

}  // namespace

absl::Status DecodeDelivered(const ledger::v1::DeliveryEnvelope& envelope, std::string_view body,
                             const record::RecordSchema& schema, record::RecordBatch& into) {
  RETURN_IF_ERROR(envelope.record_batch().empty() ? record::DecodeBatch(body, into)
                                                  : DecodeOne(envelope, body, schema, into));
  if (envelope.operation_runs_size() > 0) {
    std::vector<uint8_t> operations;
    if (!ledger::UnpackRuns(envelope.operation_runs(), into.size(), operations)) {
      return absl::DataLossError(
          absl::StrCat("a delivery's selection does not fit its batch of ", into.size(), " records"));
    }
    for (const uint8_t operation : operations) {
      if (operation > static_cast<uint8_t>(record::Operation::kUpdate))
        return absl::DataLossError(
            absl::StrCat("a delivery's selection names operation ", operation, ", which is none"));
    }
    KeepSelected(operations, into);
  }
  if (into.size() != envelope.records()) {
    return absl::DataLossError(
        absl::StrCat("a delivery promises ", envelope.records(), " records and holds ", into.size()));
  }
  return absl::OkStatus();
}

}  // namespace datong::node
