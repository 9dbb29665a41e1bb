// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/batch_decider.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <span>
#include <utility>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/pipeline/admission_stage.h"

namespace datong::pipeline {
namespace {

using ledger::Verdict;

bool IsEntity(const catalog::Resource& resource) { return resource.schema->kind == record::ResourceKind::kEntity; }

index::BatchPlace PlaceOf(const DecisionInput& input, const record::BatchHeader& header) {
  return {input.lane_sequence, input.message.position, static_cast<uint16_t>(header.source_id),
          static_cast<uint32_t>(header.snapshot_id)};
}

}  // namespace

bool SomebodyLooksInside(const std::vector<const catalog::View*>& views) {
  return std::any_of(views.begin(), views.end(),
                     [](const catalog::View* view) { return !view->projection->passes_everything(); });
}

bool IsWrittenByOthers(const catalog::CatalogTable& catalog, const catalog::Resource& resource) {
  const catalog::Department* provider = catalog.FindDepartment(resource.provider_id);
  return provider != nullptr && provider->writes_itself;
}

absl::Status BatchDecider::Decide(const DecisionInput& input, const LaneState& state, LaneIndexes& indexes,
                                  LaneSnapshots& snapshots, ledger::v1::BatchDecision& entry, Decision& decision) {
  decision = {};
  entry.set_resource_id(input.resource.id);
  entry.set_partition(input.partition);
  entry.set_input_position(input.message.position);
  entry.set_receive_time(input.message.append_time);
  entry.set_entity(IsEntity(input.resource));
  if (!Verify(input, entry)) {
    decision.quarantine = true;
    return absl::OkStatus();
  }

  verdicts_.assign(packed_.columns.size(), Verdict::kUndecided);
  LazyPayload payload(packed_, payload_buffer_);
  JudgeBeforeIndex(input, payload, decision);
  JudgeByIndex(input, indexes, snapshots);
  RETURN_IF_ERROR(RouteToViews(input, state, payload, entry, decision));

  const std::span codes(reinterpret_cast<const uint8_t*>(verdicts_.data()), verdicts_.size());
  ledger::PackRuns(codes, entry.mutable_verdict_runs());
  entry.set_admitted(ledger::EncodeAdmitted(packed_.header, packed_.columns, verdicts_, entry.entity()));
  decision.quarantine = std::any_of(verdicts_.begin(), verdicts_.end(),
                                    [](Verdict v) { return ledger::IsQuarantined(v) || v == Verdict::kUnauthorized; });
  return absl::OkStatus();
}

bool BatchDecider::Verify(const DecisionInput& input, ledger::v1::BatchDecision& entry) {
  if (const absl::Status decoded = record::DecodeColumns(input.message.body.bytes(), packed_); !decoded.ok()) {
    entry.set_problem(std::string(decoded.message()));
    return false;
  }
  const record::BatchHeader& header = packed_.header;
  entry.set_input_seal(std::string(base::AsBytes(packed_.seal)));
  entry.set_publisher_id(header.publisher_id);
  entry.set_source_id(header.source_id);
  entry.set_publisher_epoch(header.publisher_epoch);
  entry.set_publisher_sequence(header.publisher_sequence);
  entry.set_snapshot_id(header.snapshot_id);
  entry.set_records(static_cast<uint32_t>(packed_.columns.size()));
  return true;
}

// What comes behind this - the index, subscribers, a subscription that starts years later - relies on a payload that
// opens. Of batches the exchange's own sources made that is known; others are opened here, where it can still be a
// verdict.
void BatchDecider::JudgeBeforeIndex(const DecisionInput& input, LazyPayload& payload, Decision& decision) {
  const catalog::KeyDomain* domain = input.catalog.FindKeyDomain(input.resource.key_domain_id);
  DATONG_CHECK(domain != nullptr);  // a resource holds its domain in the catalog
  decision.detail = JudgeAdmission(input.resource, *domain, input.partition, packed_, verdicts_);

  const auto undecided = std::count(verdicts_.begin(), verdicts_.end(), Verdict::kUndecided);
  if (undecided == 0) return;
  const bool some_are_held_back = static_cast<size_t>(undecided) < verdicts_.size();  // the others are packed anew
  const bool is_foreign = IsWrittenByOthers(input.catalog, input.resource);
  if (!is_foreign && !some_are_held_back && !SomebodyLooksInside(input.views)) return;
  const auto opened = payload.Get();
  if (!opened.ok()) {
    decision.detail = std::string(opened.status().message());
    std::replace(verdicts_.begin(), verdicts_.end(), Verdict::kUndecided, Verdict::kMalformedRecord);
  } else if (is_foreign) {
    JudgeContent(*input.resource.versions[packed_.header.schema_version - 1], domain->key, packed_.columns, *opened,
                 verdicts_);
  } else {
    JudgePayload(packed_.columns, *opened, verdicts_);
  }
}

void BatchDecider::JudgeByIndex(const DecisionInput& input, LaneIndexes& indexes, LaneSnapshots& snapshots) {
  const index::BatchPlace place = PlaceOf(input, packed_.header);
  if (!IsEntity(input.resource)) {
    indexes.Event(input.resource.id, input.partition, WindowOf(input.catalog, input.resource.id))
        .Decide(packed_.columns, place, input.commit_time, verdicts_);
    return;
  }
  index::EntityIndex& index = indexes.Entity(input.resource.id, input.partition);
  if (packed_.header.snapshot_id != 0) return JudgeInSnapshot(input, index, snapshots);
  index.Decide(packed_.header, packed_.columns, place, input.resource.schema->version_item >= 0, verdicts_);
}

void BatchDecider::JudgeInSnapshot(const DecisionInput& input, index::EntityIndex& index, LaneSnapshots& snapshots) {
  const record::BatchHeader& header = packed_.header;
  snapshot::SnapshotStage* stage = snapshots.FindOpen({input.resource.id, input.partition, header.snapshot_id,
                                                       header.publisher_id, header.source_id, header.publisher_epoch});
  if (stage == nullptr) {
    std::replace(verdicts_.begin(), verdicts_.end(), Verdict::kUndecided, Verdict::kSnapshotDropped);
    return;
  }
  const bool declared_version = input.resource.schema->version_item >= 0;
  if (stage->identity().flows) {
    // Nobody is told that he may leave content out of a dump whose changes leave at once.
    for (size_t i = 0; i < verdicts_.size(); ++i) {
      const bool lacks_content = packed_.columns.operation[i] == record::Operation::kSame;
      if (lacks_content && verdicts_[i] == Verdict::kUndecided) verdicts_[i] = Verdict::kMalformedRecord;
    }
    const index::FlowingSnapshot flowing = stage->AsFlowing();
    index.Decide(header, packed_.columns, PlaceOf(input, header), declared_version, verdicts_, &flowing);
  } else {
    stage->Decide(index, header, packed_.columns, input.message.position, declared_version, verdicts_);
    NameWhatIsKept(index);
  }
  stage->Book(packed_.columns, verdicts_);
}

// The ledger keeps the key of a row that contradicts another one, and such a row need not name it itself.
void BatchDecider::NameWhatIsKept(const index::EntityIndex& index) {
  record::RecordColumns& columns = packed_.columns;
  if (columns.same_entry.empty()) return;
  size_t same = 0;
  for (size_t i = 0; i < verdicts_.size(); ++i) {
    if (columns.operation[i] != record::Operation::kSame) continue;
    const uint32_t entry = columns.same_entry[same++];
    if (ledger::IsKept(verdicts_[i])) columns.id[i] = columns.key[i] = index.At(entry).key;
  }
}

absl::Status BatchDecider::RouteToViews(const DecisionInput& input, const LaneState& state, LazyPayload& payload,
                                        ledger::v1::BatchDecision& entry, Decision& decision) {
  if (std::none_of(verdicts_.begin(), verdicts_.end(), ledger::IsAccepted)) return absl::OkStatus();
  for (const catalog::View* view : input.views) {
    ASSIGN_OR_RETURN(Routed routed,
                     route_.Route(*view, *input.resource.schema, packed_, input.message.body, verdicts_, payload));
    const auto stream = state.streams.find(view->id);
    const uint64_t first = stream == state.streams.end() ? StreamState().next_sequence : stream->second.next_sequence;
    auto* output = entry.add_outputs();
    output->set_view_id(view->id);
    output->set_first_sequence(first);
    output->set_records(routed.records);
    decision.deliveries.push_back({view, first, std::move(routed)});
  }
  return absl::OkStatus();
}

}  // namespace datong::pipeline
