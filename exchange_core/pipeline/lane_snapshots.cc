// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/lane_snapshots.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/batch_layout.h"

namespace datong::pipeline {
namespace {

constexpr char kSectionPrefix[] = "snapshot/";
// Of one partition, held ones among them: each keeps what it staged in memory and its input in the topic.
constexpr size_t kOpenSnapshotsMax = 256;

snapshot::StageIdentity IdentityOf(const ledger::v1::SnapshotMarkTaken& taken) {
  const auto& begin = taken.mark().begin();
  snapshot::StageIdentity identity;
  identity.snapshot = taken.mark().snapshot();
  identity.resource_id = taken.resource_id();
  identity.partition = taken.partition();
  identity.source_id = taken.mark().source_id();
  identity.publisher_id = taken.mark().publisher_id();
  identity.file_sequence = begin.file_sequence();
  identity.file = begin.file();
  identity.as_of = begin.as_of();
  identity.begin_position = taken.input_position();
  identity.flows = begin.flows();
  identity.same_key = static_cast<catalog::SameKeyRule>(begin.same_key());
  return identity;
}

}  // namespace

snapshot::SnapshotStage* LaneSnapshots::Find(uint32_t resource_id, uint32_t partition, uint64_t snapshot) const {
  const auto found = stages_.find({resource_id, partition, snapshot});
  return found == stages_.end() ? nullptr : found->second.get();
}

snapshot::SnapshotStage* LaneSnapshots::FindOpen(const Claim& claim) const {
  snapshot::SnapshotStage* stage = Find(claim.resource_id, claim.partition, claim.snapshot);
  const bool is_its = stage != nullptr && stage->phase() == snapshot::StagePhase::kOpen &&
                      stage->identity().publisher_id == claim.publisher_id &&
                      stage->identity().source_id == claim.source_id && claim.publisher_epoch == claim.snapshot;
  return is_its ? stage : nullptr;
}

uint64_t LaneSnapshots::OldestNeeded(uint32_t resource_id, uint32_t partition) const {
  uint64_t oldest = UINT64_MAX;
  for (auto it = stages_.lower_bound({resource_id, partition, 0}); it != stages_.end(); ++it) {
    if (std::get<0>(it->first) != resource_id || std::get<1>(it->first) != partition) break;
    oldest = std::min(oldest, it->second->identity().begin_position);
  }
  return oldest;
}

size_t LaneSnapshots::OpenIn(uint32_t resource_id, uint32_t partition) const {
  const auto first = stages_.lower_bound({resource_id, partition, 0});
  const auto last = stages_.upper_bound({resource_id, partition, UINT64_MAX});
  return static_cast<size_t>(std::distance(first, last));
}

// A mark is its publisher's claim, like a column.
std::string LaneSnapshots::ProblemOf(const ledger::v1::SnapshotMarkTaken& taken,
                                     const catalog::Resource& resource) const {
  const auto& mark = taken.mark();
  if (mark.publisher_id() != resource.provider_id) return "its publisher is not the resource's provider";
  if (resource.schema->kind != record::ResourceKind::kEntity) return "an event resource has no snapshots";
  if (mark.snapshot() == 0 || mark.snapshot() > UINT32_MAX) return "no run has its number";
  const snapshot::SnapshotStage* open = Find(taken.resource_id(), taken.partition(), mark.snapshot());
  if (mark.has_begin()) {
    if (open != nullptr) return "the snapshot has begun already";
    if (OpenIn(taken.resource_id(), taken.partition()) >= kOpenSnapshotsMax) return "too many snapshots are open";
    // What a batch that is packed anew could not say.
    if (mark.begin().file_sequence() > record::kFileSequenceMax) return "its file number is too large";
    if (mark.begin().file().size() > base::kNameBytesMax) return "its file name is too long";
    return mark.begin().same_key() > 2 ? "it names a rule this version does not know" : "";
  }
  if (!mark.has_end()) return "it says nothing this version knows";
  if (open == nullptr || open->phase() != snapshot::StagePhase::kOpen) return "no such snapshot is open";
  return open->identity().source_id == mark.source_id() ? "" : "another source began the snapshot";
}

void LaneSnapshots::TakeMark(const ledger::v1::SnapshotMarkTaken& taken) {
  if (!taken.problem().empty()) return;
  const Place place{taken.resource_id(), taken.partition(), taken.mark().snapshot()};
  if (taken.mark().has_begin()) {
    stages_[place] = std::make_unique<snapshot::SnapshotStage>(IdentityOf(taken));
    return;
  }
  stages_.at(place)->SetPhase(taken.mark().end().complete() ? snapshot::StagePhase::kEnded
                                                            : snapshot::StagePhase::kBrokenOff);
}

void LaneSnapshots::TakeReported(const ledger::v1::SnapshotReported& reported) {
  stages_.at({reported.resource_id(), reported.partition(), reported.snapshot()})
      ->SetPhase(snapshot::StagePhase::kReported);
}

void LaneSnapshots::TakeStep(const ledger::v1::SnapshotStep& step, const index::EntityIndex& index) {
  const auto stage = stages_.find({step.resource_id(), step.partition(), step.snapshot()});
  DATONG_CHECK(stage != stages_.end());
  if (step.kind() == ledger::v1::SNAPSHOT_APPLY) stage->second->TakeFront(index, step.records());
  if (step.kind() == ledger::v1::SNAPSHOT_DROP) stage->second->DropStaged();
  if (step.finished()) stages_.erase(stage);
}

absl::Status LaneSnapshots::ReadAgain(broker::Broker& broker, const LaneIndexes& indexes) {
  record::PackedBatch batch;
  for (const auto& [place, stage] : stages_) {
    const auto& identity = stage->identity();
    const std::string topic = absl::StrCat("pub.", identity.resource_id);
    const index::EntityIndex& index = indexes.SeeEntity(identity.resource_id, identity.partition);
    for (const snapshot::SnapshotStage::Unread& unread : stage->TakeUnread()) {
      ASSIGN_OR_RETURN(const broker::Message message,
                       broker.ReadAt({topic, identity.partition}, unread.input_position));
      RETURN_IF_ERROR(record::DecodeColumnsOfDecided(message.body.bytes(), batch));
      if (batch.columns.size() != unread.verdicts.size()) {
        return absl::DataLossError(absl::StrCat(topic, "/", identity.partition, " position ", unread.input_position,
                                                " does not hold the records that the ledger speaks of"));
      }
      stage->ReadAgain(index, batch.columns, unread.verdicts);
    }
  }
  return absl::OkStatus();
}

void LaneSnapshots::AppendSections(const LaneIndexes& indexes, std::vector<index::CheckpointSection>& sections) const {
  for (const auto& [place, stage] : stages_) {
    const auto& identity = stage->identity();
    auto& section = sections.emplace_back();
    section.name = absl::StrCat(kSectionPrefix, identity.resource_id, "/", identity.partition, "/", identity.snapshot);
    stage->Serialize(indexes.SeeEntity(identity.resource_id, identity.partition), section.content);
  }
}

bool LaneSnapshots::IsSection(const std::string& name) { return absl::StartsWith(name, kSectionPrefix); }

absl::Status LaneSnapshots::LoadSection(const index::CheckpointSection& section) {
  ASSIGN_OR_RETURN(auto stage, snapshot::SnapshotStage::Parse(section.content));
  const auto& identity = stage->identity();
  const Place place{identity.resource_id, identity.partition, identity.snapshot};
  stages_[place] = std::move(stage);
  return absl::OkStatus();
}

absl::Status LearnStep(const ledger::v1::SnapshotStep& step, uint64_t lane_sequence, index::EntityIndex& index) {
  if (step.kind() == ledger::v1::SNAPSHOT_DROP || step.records() == 0) return absl::OkStatus();
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(step.verdict_runs(), step.records(), codes)) {
    return absl::DataLossError(
        absl::StrCat("ledger entry ", lane_sequence, ": verdicts do not add up to ", step.records(), " records"));
  }
  const std::span verdicts(reinterpret_cast<const ledger::Verdict*>(codes.data()), codes.size());
  ledger::AdmittedColumns all;
  RETURN_IF_ERROR(ledger::DecodeAdmitted(step.admitted(), verdicts, true, all));
  size_t at = 0;       // in `all`
  uint32_t first = 0;  // number of the group's first record within the step
  for (const auto& group : step.groups()) {
    ledger::AdmittedColumns some;
    for (; at < all.size() && all.record[at] < first + static_cast<uint32_t>(group.records_size()); ++at) {
      some.record.push_back(group.records(static_cast<int>(all.record[at] - first)));
      some.key.push_back(all.key[at]);
      some.fingerprint.push_back(all.fingerprint[at]);
      some.version.push_back(all.version[at]);
      some.source_order.push_back(all.source_order[at]);
      some.verdict.push_back(all.verdict[at]);
    }
    index.Replay(some, {lane_sequence, group.input_position(), static_cast<uint16_t>(step.source_id()),
                        static_cast<uint32_t>(step.snapshot())});
    first += static_cast<uint32_t>(group.records_size());
  }
  if (first != step.records() || at != all.size()) {
    return absl::DataLossError(absl::StrCat("ledger entry ", lane_sequence, ": its groups do not hold its records"));
  }
  return absl::OkStatus();
}

}  // namespace datong::pipeline
