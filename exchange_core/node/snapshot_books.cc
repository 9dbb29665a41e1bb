// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/snapshot_books.h"

#include <map>
#include <mutex>
#include <set>

#include "exchange_core/node/snapshot_desk.h"

namespace datong::node {
namespace {

using exchange::v1::SnapshotDecision;
using State = SnapshotBooks::State;

// What the lanes know.
struct InLanes {
  // By (resource, run): only verdicts and generated, summed over lanes.
  std::map<std::pair<uint32_t, uint64_t>, pipeline::RunState> runs;
  std::set<uint64_t> open;
};

InLanes Look(ExchangeState& state) {
  InLanes seen;
  bool answers = true;  // each further question to an engine that is away would wait as long
  for (const auto& lane : state.lanes) {
    answers = answers && !absl::IsUnavailable(lane->CatchUp());
    lane->Inspect([&](const pipeline::LaneView& view) {
      for (const auto& [place, stage] : view.snapshots.stages()) seen.open.insert(std::get<2>(place));
      for (const auto& [id, run] : view.state.runs) {
        pipeline::RunState& sum = seen.runs[id];
        for (const auto& [verdict, records] : run.verdicts) sum.verdicts[verdict] += records;
        sum.generated += run.generated;
      }
    });
  }
  return seen;
}

State StateOf(const SourceRun& run, const snapshot::SnapshotState* known, bool is_open) {
  if (!run.ended) return State::kReading;
  if (known == nullptr || !known->decision) return State::kJudged;
  if (known->is_held()) return State::kHeld;
  if (known->is_released()) return is_open ? State::kReleasing : State::kReleased;
  return is_open ? State::kReleasing : State::kDropped;
}

void AddDecision(const snapshot::SnapshotState& known, SnapshotBooks& books) {
  if (!known.decision) return;
  books.decided_time = known.decided_time;
  books.by = known.decision->by();
  books.why = known.decision->why();
  books.stale = known.decision->stale();
  books.superseded_by = known.decision->superseded_by();
  for (const auto& stop : known.decision->stops()) books.stops.push_back({stop.code(), stop.text()});
}

void AddSamples(const snapshot::SnapshotState& known, SnapshotBooks& books) {
  for (const auto& [partition, report] : known.reports) {
    for (const auto& sample : report.samples()) {
      SnapshotBooks::Sample to;
      to.kind = static_cast<SnapshotBooks::Sample::Kind>(sample.kind());
      to.partition = partition;
      to.position = sample.position();
      to.record = sample.record();
      to.row = sample.row();
      books.samples.push_back(to);
    }
  }
}

}  // namespace

std::vector<SnapshotBooks> ComputeSnapshots(ExchangeState& state) {
  // The table before the lanes: what is decided may take effect in between, not the other way round.
  std::vector<SnapshotBooks> all;
  snapshot::SnapshotTable table;
  SourceTable sources;
  state.sources_tail.Follow().IgnoreError();
  {
    const std::lock_guard lock(state.tables);
    table = state.snapshots;
    sources = state.sources;
  }
  const InLanes lanes = Look(state);
  const auto catalog = state.Catalog();
  for (const auto& [id, run] : sources.runs()) {
    if (!run.snapshot) continue;
    SnapshotBooks& books = all.emplace_back();
    const snapshot::SnapshotState* known = table.Find(id);
    books.snapshot = id;
    books.file = run.name;
    books.failure = run.failure;
    books.begun_time = run.begun_time;
    books.ended_time = run.ended_time;
    books.as_of = run.as_of;
    books.as_of_declared = run.as_of_declared;
    books.flows = run.flows;
    books.rows = run.rows_published;
    books.state = StateOf(run, known, lanes.open.contains(id));
    if (const auto source = sources.sources().find(run.source_id); source != sources.sources().end()) {
      books.source = source->second.name;
    }
    if (const auto in_lanes = lanes.runs.find({run.resource_id, id}); in_lanes != lanes.runs.end()) {
      books.verdicts = in_lanes->second.verdicts;
      books.generated_deletes = in_lanes->second.generated;
    }
    const catalog::Resource* resource = catalog->FindResource(run.resource_id);
    if (known != nullptr) {
      AddDecision(*known, books);
      AddSamples(*known, books);
    }
    if (resource == nullptr && (known == nullptr || !known->is_final())) {
      books.state = State::kDropped;  // nobody decides about what is retired
      books.why = "its resource is retired";
    }
    if (known != nullptr) books.as_of = AsOfOfRows(run, *known).value_or(run.as_of);
    if (resource != nullptr) books.resource = resource->name;
    if (resource != nullptr && known != nullptr) {
      const snapshot::SnapshotFacts facts = FactsOf(*known, run, *resource->schema, std::nullopt);
      books.reported = {facts.inserts,     facts.updates,     facts.absent,  facts.unchanged,  facts.duplicates,
                        facts.quarantined, facts.conflicting, facts.keyless, facts.source_keys};
      books.columns = snapshot::Describe(facts.columns);
    }
  }
  return all;
}

pipeline::SnapshotRuling ExchangeState::RulingOf(uint64_t snapshot, uint32_t resource_id) {
  using pipeline::SnapshotRuling;
  const std::lock_guard lock(tables);
  const snapshot::SnapshotState* known = snapshots.Find(snapshot);
  using Action = SnapshotRuling::Action;
  // A mark took the number of somebody else's snapshot: what is decided about that one is not about this.
  const auto run = sources.runs().find(snapshot);
  if (run != sources.runs().end() && run->second.resource_id != resource_id) return {Action::kDropped, {}};
  if (known == nullptr || !known->decision) return {Action::kNone, {}};
  if (known->is_held()) return {Action::kHeld, {}};
  if (known->is_released()) {
    if (run == sources.runs().end()) return {Action::kNone, {}};  // the other table is not there yet
    return {Action::kReleased, AsOfOfRows(run->second, *known)};
  }
  return {known->decision->stale() ? Action::kStale : Action::kDropped, {}};
}

}  // namespace datong::node
