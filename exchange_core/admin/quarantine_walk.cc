// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/quarantine_walk.h"

#include <absl/strings/str_cat.h>

#include <vector>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/admin/record_text.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/rejected_row.h"

namespace datong::admin {
namespace {

// What the lane wrote about a record besides its verdict; without record numbers it speaks of the whole batch.
std::string DetailOf(const ledger::v1::QuarantineEnvelope& envelope, size_t record) {
  if (envelope.detail_records_size() == 0) return envelope.details_size() == 0 ? std::string() : envelope.details(0);
  for (int i = 0; i < envelope.detail_records_size() && i < envelope.details_size(); ++i) {
    if (envelope.detail_records(i) == record) return envelope.details(i);
  }
  return {};
}

void FillContent(const record::RecordBatch& batch, size_t record, ledger::Verdict verdict, QuarantinedRow& row) {
  row.reason = ledger::NameOf(verdict);
  row.raw.clear();
  if (batch.payload.size() < batch.columns.payload_end[record]) return;  // it did not open
  row.raw = batch.record(record);
  if (batch.columns.operation[record] != record::Operation::kUnreadable) return;
  auto rejected = record::DecodeRejectedRow(batch.record(record));
  if (!rejected.ok()) {
    row.detail = absl::StrCat(row.detail, row.detail.empty() ? "" : "; ", rejected.status().message());
    return;
  }
  row.reason = rejected->reason;
  row.detail = rejected->detail;
  row.raw = std::move(rejected->raw);
  row.original = true;
  row.cut = rejected->cut;
}

absl::StatusOr<bool> VisitMessage(const catalog::CatalogTable& table, const broker::Message& message,
                                  const std::string& resource_name,
                                  const std::function<bool(const QuarantinedRow&)>& visit) {
  ASSIGN_OR_RETURN(const auto envelope, pipeline::DecodeQuarantineEnvelope(message.envelope));
  const catalog::Resource* resource = table.FindResource(envelope.resource_id());
  QuarantinedRow row;
  row.resource = resource == nullptr ? absl::StrCat("#", envelope.resource_id()) : resource->name;
  if (!resource_name.empty() && row.resource != resource_name) return true;

  row.run = envelope.publisher_epoch();
  row.lane = envelope.lane();
  row.ledger_sequence = envelope.lane_sequence();
  row.time = envelope.commit_time();
  record::PackedBatch packed;
  if (!record::DecodeColumns(message.body.bytes(), packed).ok()) {  // somebody wrote what is no batch
    row.id = absl::StrCat(envelope.lane(), "-", envelope.lane_sequence(), "-0");
    row.reason = "malformed_batch";
    row.detail = DetailOf(envelope, 0);
    row.raw = std::string(message.body.bytes());
    return visit(row);
  }
  record::RecordBatch batch;
  if (!record::DecodePayload(packed, batch.payload).ok()) batch.payload.clear();
  batch.header = std::move(packed.header);
  batch.columns = std::move(packed.columns);
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(envelope.verdict_runs(), batch.size(), codes)) {
    return absl::DataLossError(
        absl::StrCat("quarantine entry ", envelope.lane(), "-", envelope.lane_sequence(), " does not fit its batch"));
  }
  row.run = envelope.publisher_epoch();
  row.lane = envelope.lane();
  row.ledger_sequence = envelope.lane_sequence();
  row.time = envelope.commit_time();
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto verdict = ledger::VerdictFromCode(codes[i]);
    if (!verdict || !(ledger::IsQuarantined(*verdict))) continue;
    row.id = absl::StrCat(envelope.lane(), "-", envelope.lane_sequence(), "-", i);
    row.file = FileOf(batch.header, batch.columns, i);
    row.row = batch.columns.row[i];
    row.detail = DetailOf(envelope, i);
    row.original = row.cut = false;
    FillContent(batch, i, *verdict, row);
    if (!visit(row)) return false;
  }
  return true;
}

}  // namespace

absl::Status WalkQuarantine(node::Exchange& exchange, const std::string& resource,
                            const std::function<bool(const QuarantinedRow&)>& visit) {
  const auto table = exchange.catalog();
  // By topic, not by department: what a retired department has coming to it is still there.
  const std::string prefix = pipeline::QuarantineTopic(0).substr(0, pipeline::QuarantineTopic(0).size() - 1);
  for (const std::string& topic : exchange.broker().ListTopics()) {
    if (!topic.starts_with(prefix)) continue;
    ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, exchange.broker().Bounds({topic, 0}));
    ASSIGN_OR_RETURN(const auto reader, exchange.broker().OpenReader({topic, 0}, bounds.begin));
    while (true) {
      ASSIGN_OR_RETURN(const std::vector<broker::Message> messages, reader->Poll({.messages_max = 16}));
      if (messages.empty()) break;
      for (const broker::Message& message : messages) {
        ASSIGN_OR_RETURN(const bool go_on, VisitMessage(*table, message, resource, visit));
        if (!go_on) return absl::OkStatus();
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace datong::admin
