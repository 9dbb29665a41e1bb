// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/snapshot_release.h"

#include <algorithm>
#include <span>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/judge_entity.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/ledger/source_order.h"
#include "exchange_core/pipeline/lane_snapshots.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;

constexpr size_t kBatchesPerStep = 64;
constexpr size_t kBytesPerStep = size_t{16} << 20;  // of payload opened
constexpr uint32_t kRecordsPerStep = 50'000;        // what is written about a step must fit one message

}  // namespace

SnapshotRelease::SnapshotRelease(broker::Broker& broker, const snapshot::SnapshotStage& stage, base::TimeUs as_of)
    : stage_(stage),
      as_of_(as_of),
      batches_(broker, {"pub." + std::to_string(stage.identity().resource_id), stage.identity().partition}) {}

absl::StatusOr<SnapshotWork> SnapshotRelease::Next(const catalog::Resource& resource,
                                                   const std::vector<const catalog::View*>& views,
                                                   uint64_t lane_sequence, const LaneState& state,
                                                   index::EntityIndex& index) {
  const auto& identity = stage_.identity();
  SnapshotWork work;
  work.step.set_snapshot(identity.snapshot);
  work.step.set_resource_id(identity.resource_id);
  work.step.set_partition(identity.partition);
  work.step.set_source_id(identity.source_id);
  views_ = &views;
  state_ = &state;
  verdicts_.clear();
  admitted_.clear();
  admitted_header_.files = {{identity.file_sequence, ""}};
  if (stage_.staged() != 0) {
    RETURN_IF_ERROR(Apply(resource, index, work));
  } else {
    RETURN_IF_ERROR(Delete(resource, index, work));
  }
  const std::span codes(reinterpret_cast<const uint8_t*>(verdicts_.data()), verdicts_.size());
  work.step.set_records(static_cast<uint32_t>(verdicts_.size()));
  ledger::PackRuns(codes, work.step.mutable_verdict_runs());
  work.step.set_admitted(ledger::EncodeAdmitted(admitted_header_, admitted_, verdicts_, true));
  RETURN_IF_ERROR(LearnStep(work.step, lane_sequence, index));
  return work;
}

void SnapshotRelease::AddRecord(uint64_t position, uint32_t record, const base::Digest& key,
                                const base::Digest& fingerprint, int64_t version, uint64_t source_order,
                                Verdict verdict, SnapshotWork& work) {
  auto& groups = *work.step.mutable_groups();
  if (groups.empty() || groups.rbegin()->input_position() != position) groups.Add()->set_input_position(position);
  groups.rbegin()->add_records(record);
  admitted_.key.push_back(key);
  admitted_.fingerprint.push_back(fingerprint);
  admitted_.version.push_back(version);
  admitted_.file_index.push_back(0);
  admitted_.row.push_back(source_order & ledger::kRowMask);
  admitted_.operation.push_back(record::Operation::kUpsert);
  verdicts_.push_back(verdict);
}

absl::Status SnapshotRelease::Apply(const catalog::Resource& resource, index::EntityIndex& index, SnapshotWork& work) {
  work.step.set_kind(ledger::v1::SNAPSHOT_APPLY);
  const bool declared_version = resource.schema->version_item >= 0;
  size_t bytes = 0;
  std::vector<uint8_t> operations, held;
  for (size_t at = 0, batches = 0;
       at < stage_.staged() && batches < kBatchesPerStep && bytes < kBytesPerStep && verdicts_.size() < kRecordsPerStep;
       ++batches) {
    const uint64_t position = stage_.Staged(at).position;
    ASSIGN_OR_RETURN(const StoredBatches::Opened* batch, batches_.At(position));
    bytes += batch->payload.size();
    operations.assign(batch->packed.columns.size(), 0);
    held.clear();
    for (; at < stage_.staged() && stage_.Staged(at).position == position && verdicts_.size() < kRecordsPerStep; ++at) {
      const snapshot::StagedRecord& staged = stage_.Staged(at);
      if (staged.record >= operations.size()) return absl::DataLossError("a staged record points behind its batch");
      Verdict verdict = Verdict::kConflictingRows;
      if (staged.set_aside == 0) {
        verdict = index::JudgeEntity(
            index.Find(staged.key), {staged.fingerprint, staged.version, staged.source_order, false}, declared_version);
      }
      operations[staged.record] = DeliveredOperation(verdict);
      if (verdict == Verdict::kConflictingRows) {
        if (held.empty()) held.assign(operations.size(), static_cast<uint8_t>(Verdict::kUnchanged));
        held[staged.record] = static_cast<uint8_t>(verdict);
      }
      AddRecord(position, staged.record, staged.key, staged.fingerprint, staged.version, staged.source_order, verdict,
                work);
    }
    const RecordsAt from{batch->packed.header, batch->packed.columns, batch->payload, position,
                         batch->message.append_time};
    RETURN_IF_ERROR(Route(resource, from, operations, work));
    if (!held.empty()) work.quarantined.push_back({batch->message, held});
  }
  return absl::OkStatus();
}

absl::Status SnapshotRelease::Delete(const catalog::Resource& resource, index::EntityIndex& index, SnapshotWork& work) {
  work.step.set_kind(ledger::v1::SNAPSHOT_DELETE);
  if (!due_) {
    ASSIGN_OR_RETURN(due_, FindDueDeletes(resource, index, stage_, as_of_, batches_));
    std::reverse(due_->begin(), due_->end());  // taken from the back
  }
  const auto& identity = stage_.identity();
  // A delete stands behind every row of its dump.
  const uint64_t source_order = uint64_t{identity.file_sequence} << ledger::kRowBits | ledger::kRowMask;
  size_t bytes = 0;
  std::vector<uint32_t> records;
  std::vector<uint8_t> operations;
  for (size_t batches = 0;
       !due_->empty() && batches < kBatchesPerStep && bytes < kBytesPerStep && verdicts_.size() < kRecordsPerStep;
       ++batches) {
    const uint64_t position = due_->back().position;
    records.clear();
    for (; !due_->empty() && due_->back().position == position && verdicts_.size() < kRecordsPerStep;
         due_->pop_back()) {
      const DueDelete due = due_->back();
      const index::EntityEntry& entry = index.At(due.number);
      // Whoever changed it since the deletes were looked up is right.
      if (entry.content_position != position || !stage_.IsDue(index, due.number)) continue;
      records.push_back(due.record);
      AddRecord(position, due.record, entry.key, entry.fingerprint, entry.version, source_order, Verdict::kDeleted,
                work);
    }
    if (records.empty()) continue;
    ASSIGN_OR_RETURN(StoredBatches::Picked * picked, batches_.PickAt(position, records));
    bytes += picked->opened_bytes;
    // The last content, said gone by this dump.
    record::RecordBatch& gone = picked->batch;
    gone.header.files = {{identity.file_sequence, identity.file}};
    std::fill(gone.columns.file_index.begin(), gone.columns.file_index.end(), 0);
    std::fill(gone.columns.row.begin(), gone.columns.row.end(), 0);
    operations.assign(records.size(), DeliveredOperation(Verdict::kDeleted));
    RETURN_IF_ERROR(Route(resource, {gone.header, gone.columns, gone.payload, position, 0}, operations, work));
  }
  work.step.set_finished(due_->empty());
  return absl::OkStatus();
}

absl::Status SnapshotRelease::Route(const catalog::Resource& resource, const RecordsAt& from,
                                    const std::vector<uint8_t>& operations, SnapshotWork& work) {
  const auto records =
      static_cast<uint32_t>(std::count_if(operations.begin(), operations.end(), [](uint8_t one) { return one != 0; }));
  if (records == 0) return absl::OkStatus();
  for (const catalog::View* view : *views_) {
    auto& outputs = *work.step.mutable_outputs();
    auto output = std::find_if(outputs.begin(), outputs.end(), [&](const auto& o) { return o.view_id() == view->id; });
    if (output == outputs.end()) {
      const auto stream = state_->streams.find(view->id);
      auto* fresh = outputs.Add();
      fresh->set_view_id(view->id);
      fresh->set_first_sequence(stream == state_->streams.end() ? StreamState().next_sequence
                                                                : stream->second.next_sequence);
      output = outputs.end() - 1;
    }
    ASSIGN_OR_RETURN(std::vector<PackedPart> parts,
                     route_.Repack(*view, *resource.schema, from.header, from.columns, from.payload, operations));
    for (PackedPart& part : parts) {
      work.deliveries.push_back({view, output->first_sequence() + output->records(), part.records, from.position,
                                 from.receive_time, std::move(part.body)});
      output->set_records(output->records() + part.records);
    }
  }
  return absl::OkStatus();
}

}  // namespace datong::pipeline
