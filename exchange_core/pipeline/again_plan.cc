// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/again_plan.h"

#include <algorithm>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/pipeline/route_stage.h"
#include "exchange_core/record/record_batch.h"

namespace datong::pipeline {
namespace {

// The accepted records of one decided batch, as they were delivered then.
absl::StatusOr<AgainStep> StepOf(const ledger::v1::LedgerEntry& entry) {
  const auto& batch = entry.batch();
  AgainStep step{batch.partition(), batch.input_position(), entry.sequence(), {}};
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(batch.verdict_runs(), batch.records(), codes)) {
    return absl::DataLossError("a ledger entry's verdicts do not add up to its records");
  }
  for (uint32_t i = 0; i < codes.size(); ++i) {
    const uint8_t operation = DeliveredOperation(static_cast<ledger::Verdict>(codes[i]));
    if (operation != 0) step.records.emplace_back(i, operation);
  }
  return step;
}

// The same of a step of a released snapshot: a step of the plan for each batch it took content from.
absl::Status AppendSnapshotStep(const ledger::v1::LedgerEntry& entry, AgainPlan& plan) {
  const auto& step = entry.snapshot_step();
  if (step.kind() == ledger::v1::SNAPSHOT_DROP) return absl::OkStatus();
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(step.verdict_runs(), step.records(), codes)) {
    return absl::DataLossError("a ledger entry's verdicts do not add up to its records");
  }
  size_t at = 0;
  for (const auto& group : step.groups()) {
    AgainStep again{step.partition(), group.input_position(), entry.sequence(), {}};
    for (const uint32_t record : group.records()) {
      if (at == codes.size()) return absl::DataLossError("a ledger entry's groups hold more than its records");
      const uint8_t operation = DeliveredOperation(static_cast<ledger::Verdict>(codes[at++]));
      if (operation != 0) again.records.emplace_back(record, operation);
    }
    if (!again.records.empty()) plan.push_back(std::move(again));
  }
  return absl::OkStatus();
}

}  // namespace

AgainPlan PlanPresentState(const std::vector<std::pair<uint32_t, const index::EntityIndex*>>& indexes) {
  AgainPlan plan;
  constexpr auto kInsert = static_cast<uint8_t>(record::Operation::kInsert);
  for (const auto& [partition, index] : indexes) {
    std::vector<std::pair<broker::Position, uint32_t>> places;
    places.reserve(index->live());
    index->ForEach([&](const index::EntityEntry& entry) {
      if (!entry.deleted) places.emplace_back(entry.content_position, entry.content_record);
    });
    std::sort(places.begin(), places.end());
    for (const auto& [position, record] : places) {
      if (plan.empty() || plan.back().partition != partition || plan.back().position != position) {
        plan.push_back({partition, position, position, {}});
      }
      plan.back().records.emplace_back(record, kInsert);
    }
  }
  return plan;
}

absl::StatusOr<AgainPlan> PlanHistory(broker::Broker& broker, uint32_t lane, uint32_t resource_id,
                                      uint64_t before_sequence) {
  AgainPlan plan;
  ASSIGN_OR_RETURN(const auto reader, broker.OpenReader({ledger::kLedgerTopic, lane}, 0));
  ledger::ChainHead head;
  ledger::v1::LedgerEntry entry;
  while (true) {
    ASSIGN_OR_RETURN(const auto messages, reader->Poll({}));
    if (messages.empty()) return plan;
    for (const broker::Message& message : messages) {
      ledger::LedgerMessageReader entries(message.body.bytes(), lane, head);
      while (true) {
        ASSIGN_OR_RETURN(const bool more, entries.Next(entry));
        if (!more) break;
        if (entry.sequence() >= before_sequence) return plan;
        if (entry.has_snapshot_step() && entry.snapshot_step().resource_id() == resource_id) {
          RETURN_IF_ERROR(AppendSnapshotStep(entry, plan));
        }
        if (!entry.has_batch() || entry.batch().resource_id() != resource_id) continue;
        ASSIGN_OR_RETURN(AgainStep step, StepOf(entry));
        if (!step.records.empty()) plan.push_back(std::move(step));
      }
      head = entries.head();
    }
  }
}

void SkipDone(bool history, uint32_t cursor_partition, uint64_t cursor_position, AgainPlan& plan) {
  if (cursor_position == 0) return;
  const auto done = [&](const AgainStep& step) {
    if (history || step.partition == cursor_partition) return step.cursor_position <= cursor_position;
    return step.partition < cursor_partition;
  };
  plan.erase(plan.begin(), std::find_if_not(plan.begin(), plan.end(), done));
}

}  // namespace datong::pipeline
