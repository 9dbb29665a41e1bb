// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/lane_commit.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/record_messages.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::pipeline {
namespace {

// Entries of many small records take as much room as the batches they decide about, and the engine limits a body.
constexpr size_t kLedgerMessageFull = base::kBatchBytesMax / 2;
constexpr size_t kEntryOverhead = 1024;  // more than frame, place and links of an entry take

ledger::v1::DeliveryEnvelope EnvelopeOf(const ledger::v1::LedgerEntry& entry, uint32_t resource_id, uint32_t partition,
                                        const broker::Message& input) {
  ledger::v1::DeliveryEnvelope envelope;
  envelope.set_lane(entry.lane());
  envelope.set_lane_sequence(entry.sequence());
  envelope.set_catalog_version(entry.catalog_version());
  envelope.set_resource_id(resource_id);
  envelope.set_input_partition(partition);
  envelope.set_input_position(input.position);
  envelope.set_receive_time(input.append_time);
  envelope.set_commit_time(entry.commit_time());
  return envelope;
}

}  // namespace

std::string LaneGroup(uint32_t lane) { return absl::StrCat("lane.", lane); }
std::string AgainTopic(uint32_t subscription_id) { return absl::StrCat("again.", subscription_id); }
std::string QuarantineTopic(uint32_t department_id) { return absl::StrCat("quarantine.", department_id); }

LaneCommit::LaneCommit(uint32_t lane, std::unique_ptr<broker::Transaction> transaction, LaneState& state)
    : lane_(lane), transaction_(std::move(transaction)), state_(state) {}

absl::Status LaneCommit::AddEntry(ledger::v1::LedgerEntry& entry) {
  if (ledger_message_.size() + entry.ByteSizeLong() + kEntryOverhead > base::kBatchBytesMax) AppendLedgerMessage();
  ledger::AppendEntry(entry, lane_, state_.head, ledger_message_);
  if (ledger_message_.size() >= kLedgerMessageFull) AppendLedgerMessage();
  return Account(entry, state_);
}

void LaneCommit::AppendLedgerMessage() {
  if (ledger_message_.empty()) return;
  transaction_->Append({ledger::kLedgerTopic, lane_}, "", "",
                       broker::Body(std::exchange(ledger_message_, std::string())));
}

void LaneCommit::AddDecision(const ledger::v1::LedgerEntry& entry, const broker::Message& input,
                             const catalog::Resource& resource, const Decision& decision) {
  const auto& batch = entry.batch();
  for (const OutgoingDelivery& delivery : decision.deliveries) {
    ledger::v1::DeliveryEnvelope envelope = EnvelopeOf(entry, resource.id, batch.partition(), input);
    envelope.set_view_id(delivery.view->id);
    ledger::PackRuns(std::span<const uint8_t>(delivery.routed.operations), envelope.mutable_operation_runs());
    uint64_t sequence = delivery.first_sequence;
    for (const PackedPart& part : delivery.routed.parts) {
      envelope.set_first_sequence(sequence);
      envelope.set_records(part.records);
      AppendDelivery(delivery.view->stream_topic(), *delivery.view, resource, envelope, part.body);
      sequence += part.records;
    }
  }
  if (!decision.quarantine) return;
  ledger::v1::QuarantineEnvelope envelope;
  envelope.set_lane(entry.lane());
  envelope.set_lane_sequence(entry.sequence());
  envelope.set_resource_id(resource.id);
  envelope.set_input_partition(batch.partition());
  envelope.set_input_position(input.position);
  envelope.set_commit_time(entry.commit_time());
  *envelope.mutable_verdict_runs() = batch.verdict_runs();
  if (!batch.problem().empty()) envelope.add_details(batch.problem());
  if (!decision.detail.empty()) envelope.add_details(decision.detail);
  envelope.set_publisher_epoch(batch.publisher_epoch());
  envelope.set_source_id(batch.source_id());
  envelope.set_publisher_id(batch.publisher_id());
  transaction_->Append({QuarantineTopic(resource.provider_id), 0}, "", EncodeEnvelope(envelope), input.body);
}

void LaneCommit::AppendDelivery(const std::string& topic, const catalog::View& view, const catalog::Resource& resource,
                                const ledger::v1::DeliveryEnvelope& envelope, broker::Body body) {
  for (DeliveryMessage& one : MessagesOf(view, resource, envelope, std::move(body))) {
    transaction_->AppendReadable({topic, 0}, std::move(one.key), std::move(one.envelope), std::move(one.body),
                                 std::move(one.attributes));
  }
}

void LaneCommit::AddAgain(const ledger::v1::LedgerEntry& entry, const catalog::View& view,
                          const catalog::Resource& resource, uint64_t first_sequence, uint32_t records,
                          uint32_t partition, const broker::Message& input, broker::Body body) {
  const uint32_t subscription_id = entry.stream_start().subscription_id();
  ledger::v1::DeliveryEnvelope envelope = EnvelopeOf(entry, resource.id, partition, input);
  envelope.set_view_id(view.id);
  envelope.set_subscription_id(subscription_id);
  envelope.set_first_sequence(first_sequence);
  envelope.set_records(records);
  AppendDelivery(AgainTopic(subscription_id), view, resource, envelope, std::move(body));
}

void LaneCommit::AddSnapshotWork(const ledger::v1::LedgerEntry& entry, const catalog::Resource& resource,
                                 SnapshotWork work) {
  const auto& step = entry.snapshot_step();
  for (SnapshotWork::Delivery& delivery : work.deliveries) {
    broker::Message input;
    input.position = delivery.input_position;
    input.append_time = delivery.receive_time != 0 ? delivery.receive_time : entry.commit_time();
    ledger::v1::DeliveryEnvelope envelope = EnvelopeOf(entry, resource.id, step.partition(), input);
    envelope.set_view_id(delivery.view->id);
    envelope.set_first_sequence(delivery.first_sequence);
    envelope.set_records(delivery.records);
    AppendDelivery(delivery.view->stream_topic(), *delivery.view, resource, envelope, std::move(delivery.body));
  }
  for (const SnapshotWork::Held& held : work.quarantined) {
    ledger::v1::QuarantineEnvelope envelope;
    envelope.set_lane(entry.lane());
    envelope.set_lane_sequence(entry.sequence());
    envelope.set_resource_id(resource.id);
    envelope.set_input_partition(step.partition());
    envelope.set_input_position(held.input.position);
    envelope.set_commit_time(entry.commit_time());
    ledger::PackRuns(std::span<const uint8_t>(held.verdicts), envelope.mutable_verdict_runs());
    envelope.set_publisher_epoch(step.snapshot());
    envelope.set_source_id(step.source_id());
    envelope.set_publisher_id(resource.provider_id);
    transaction_->Append({QuarantineTopic(resource.provider_id), 0}, "", EncodeEnvelope(envelope), held.input.body);
  }
}

void LaneCommit::AddSnapshotEvent(std::string event) {
  transaction_->Append({snapshot::kSnapshotsTopic, 0}, "", "", broker::Body(std::move(event)));
}

void LaneCommit::AdvanceInput(const broker::TopicPartition& input, broker::Position next) {
  transaction_->AdvancePosition(LaneGroup(lane_), input, next);
}

absl::Status LaneCommit::Commit(base::StepObserver& steps) {
  AppendLedgerMessage();
  steps.Reached("lane.decided");
  RETURN_IF_ERROR(transaction_->Commit());
  steps.Reached("lane.committed");
  return absl::OkStatus();
}

}  // namespace datong::pipeline
