// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/delivered_batch.h"

#include <absl/strings/str_cat.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/record/batch_codec.h"

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

}  // namespace

absl::Status DecodeDelivered(const ledger::v1::DeliveryEnvelope& envelope, std::string_view body,
                             record::RecordBatch& into) {
  RETURN_IF_ERROR(record::DecodeBatch(body, into));
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
