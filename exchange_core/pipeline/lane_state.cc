// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/lane_state.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cstring>

#include "datong/exchange/v1/lane_state.pb.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/status_macros.h"

namespace datong::pipeline {
namespace {

using StoredState = exchange::v1::LaneState;
using ledger::Verdict;

constexpr base::TimeUs kHourUs = base::TimeUs{3600} * 1'000'000;
constexpr uint16_t kLaneStateVersion = 1;

absl::Status Contradiction(const ledger::v1::LedgerEntry& entry, std::string_view what) {
  return absl::DataLossError(
      absl::StrCat("ledger of lane ", entry.lane(), ", entry ", entry.sequence(), ": ", base::Absl(what)));
}

void AdvanceInput(uint32_t resource_id, uint32_t partition, broker::Position position, broker::Position next,
                  base::TimeUs receive_time, LaneState& state) {
  InputState& input = state.inputs[{resource_id, partition}];
  input.next = next;
  if (input.marks.empty() || input.marks.back().receive_time / kHourUs != receive_time / kHourUs) {
    input.marks.push_back({receive_time, position});
  }
}

template <typename Outputs>
absl::Status AdvanceStreams(const ledger::v1::LedgerEntry& entry, const Outputs& outputs, RunState& run,
                            LaneState& state) {
  for (const auto& output : outputs) {
    StreamState& stream = state.streams[output.view_id()];
    if (output.first_sequence() != stream.next_sequence) {
      return Contradiction(entry, absl::StrCat("stream ", output.view_id(), " goes on at ", output.first_sequence(),
                                               " where ", stream.next_sequence, " is next"));
    }
    stream.next_sequence += output.records();
    stream.filtered += output.filtered();
    RunState::StreamMark& mark = run.streams[output.view_id()];
    mark.records += output.records();
    mark.last_sequence = stream.next_sequence - 1;
  }
  return absl::OkStatus();
}

template <typename Runs>
absl::Status CountVerdicts(const ledger::v1::LedgerEntry& entry, const Runs& runs, VerdictCounts& resource,
                           VerdictCounts* run) {
  if (runs.size() % 2 != 0) return Contradiction(entry, "verdict runs are not pairs");
  for (int i = 0; i < runs.size(); i += 2) {
    const auto verdict = ledger::VerdictFromCode(runs.Get(i));
    if (!verdict) return Contradiction(entry, absl::StrCat("unknown verdict code ", runs.Get(i)));
    resource[*verdict] += runs.Get(i + 1);
    if (run != nullptr) (*run)[*verdict] += runs.Get(i + 1);
  }
  return absl::OkStatus();
}

absl::Status AccountMark(const ledger::v1::LedgerEntry& entry, const ledger::v1::SnapshotMarkTaken& mark,
                         LaneState& state) {
  const InputState& input = state.inputs[{mark.resource_id(), mark.partition()}];
  if (mark.input_next() <= input.next && input.next != 0) return Contradiction(entry, "its input was decided before");
  AdvanceInput(mark.resource_id(), mark.partition(), mark.input_position(), mark.input_next(), mark.receive_time(),
               state);
  return absl::OkStatus();
}

// Staged records leave the books as staged and come back as what they have become; a delete is a record of its own.
absl::Status AccountStep(const ledger::v1::LedgerEntry& entry, const ledger::v1::SnapshotStep& step, LaneState& state) {
  VerdictCounts& resource = state.resources[step.resource_id()];
  RunState& run = state.runs[{step.resource_id(), step.snapshot()}];
  if (step.kind() == ledger::v1::SNAPSHOT_DELETE) {
    state.generated[step.resource_id()] += step.records();
    run.generated += step.records();
    RETURN_IF_ERROR(CountVerdicts(entry, step.verdict_runs(), resource, nullptr));
  } else {
    for (VerdictCounts* counts : {&resource, &run.verdicts}) {
      uint64_t& staged = (*counts)[Verdict::kStaged];
      if (staged < step.records()) return Contradiction(entry, "it takes more than was staged");
      staged -= step.records();
      if (staged == 0) counts->erase(Verdict::kStaged);
    }
    RETURN_IF_ERROR(CountVerdicts(entry, step.verdict_runs(), resource, &run.verdicts));
  }
  return AdvanceStreams(entry, step.outputs(), run, state);
}

absl::Status AccountBatch(const ledger::v1::LedgerEntry& entry, const ledger::v1::BatchDecision& batch,
                          LaneState& state) {
  const InputState& input = state.inputs[{batch.resource_id(), batch.partition()}];
  if (batch.input_next() <= input.next && input.next != 0) return Contradiction(entry, "its input was decided before");
  AdvanceInput(batch.resource_id(), batch.partition(), batch.input_position(), batch.input_next(), batch.receive_time(),
               state);

  RunState& run = state.runs[{batch.resource_id(), batch.publisher_epoch()}];
  RETURN_IF_ERROR(CountVerdicts(entry, batch.verdict_runs(), state.resources[batch.resource_id()], &run.verdicts));
  return AdvanceStreams(entry, batch.outputs(), run, state);
}

void AccountStart(const ledger::v1::LedgerEntry& entry, const ledger::v1::StreamStart& start, LaneState& state) {
  auto [it, is_new] = state.subscriptions.try_emplace(start.subscription_id());
  SubscriptionStartState& subscription = it->second;
  if (is_new) {
    const StreamState& stream = state.streams[start.view_id()];
    subscription.start_sequence = stream.next_sequence;
    subscription.start_filtered = stream.filtered;
    subscription.start_accepted = state.AcceptedOf(start.resource_id());
    subscription.started_at_sequence = entry.sequence();
  }
  subscription.again_next_sequence += start.records();
  subscription.cursor_partition = start.cursor_partition();
  subscription.cursor_position = start.cursor_position();
  subscription.started = start.finished();
}

template <typename Repeated>
void PutCounts(const VerdictCounts& counts, Repeated* pairs) {
  for (const auto& [verdict, records] : counts) {
    pairs->Add(static_cast<uint64_t>(verdict));
    pairs->Add(records);
  }
}

template <typename Repeated>
bool GetCounts(const Repeated& pairs, VerdictCounts& counts) {
  if (pairs.size() % 2 != 0) return false;
  for (int i = 0; i < pairs.size(); i += 2) {
    const auto verdict = ledger::VerdictFromCode(static_cast<uint32_t>(pairs.Get(i)));
    if (!verdict) return false;
    counts[*verdict] = pairs.Get(i + 1);
  }
  return true;
}

}  // namespace

uint64_t LaneState::AcceptedOf(uint32_t resource_id) const {
  const auto it = resources.find(resource_id);
  if (it == resources.end()) return 0;
  uint64_t accepted = 0;
  for (const auto& [verdict, records] : it->second) accepted += ledger::IsAccepted(verdict) ? records : 0;
  return accepted;
}

absl::Status Account(const ledger::v1::LedgerEntry& entry, LaneState& state) {
  switch (entry.what_case()) {
    case ledger::v1::LedgerEntry::kBatch:
      RETURN_IF_ERROR(AccountBatch(entry, entry.batch(), state));
      break;
    case ledger::v1::LedgerEntry::kStreamStart:
      AccountStart(entry, entry.stream_start(), state);
      break;
    case ledger::v1::LedgerEntry::kCatalogTaken:
      state.catalog_version = entry.catalog_taken().version();
      break;
    case ledger::v1::LedgerEntry::kSnapshotMark:
      RETURN_IF_ERROR(AccountMark(entry, entry.snapshot_mark(), state));
      break;
    case ledger::v1::LedgerEntry::kSnapshotReported:
      break;
    case ledger::v1::LedgerEntry::kSnapshotStep:
      RETURN_IF_ERROR(AccountStep(entry, entry.snapshot_step(), state));
      break;
    default:
      return Contradiction(entry, "it says nothing this version knows");
  }
  state.commit_time = std::max(state.commit_time, entry.commit_time());
  return absl::OkStatus();
}

std::string SerializeLaneState(const LaneState& state, uint32_t lane) {
  StoredState out;
  out.set_lane(lane);
  out.set_sequence(state.head.sequence);
  out.set_hash(std::string(base::AsBytes(state.head.hash)));
  out.set_ledger_next(state.ledger_next);
  out.set_catalog_version(state.catalog_version);
  out.set_commit_time(state.commit_time);
  for (const auto& [place, input] : state.inputs) {
    auto* to = out.add_inputs();
    to->set_resource_id(place.first);
    to->set_partition(place.second);
    to->set_next(input.next);
    for (const auto& mark : input.marks) {
      auto* m = to->add_marks();
      m->set_receive_time(mark.receive_time);
      m->set_position(mark.position);
    }
  }
  for (const auto& [view, stream] : state.streams) {
    auto* to = out.add_streams();
    to->set_view_id(view);
    to->set_next_sequence(stream.next_sequence);
    to->set_filtered(stream.filtered);
  }
  for (const auto& [id, subscription] : state.subscriptions) {
    auto* to = out.add_subscriptions();
    to->set_subscription_id(id);
    to->set_start_sequence(subscription.start_sequence);
    to->set_start_accepted(subscription.start_accepted);
    to->set_start_filtered(subscription.start_filtered);
    to->set_started(subscription.started);
    to->set_again_next_sequence(subscription.again_next_sequence);
    to->set_cursor_partition(subscription.cursor_partition);
    to->set_cursor_position(subscription.cursor_position);
    to->set_started_at_sequence(subscription.started_at_sequence);
  }
  for (const auto& [id, counts] : state.resources) {
    auto* to = out.add_resources();
    to->set_resource_id(id);
    PutCounts(counts, to->mutable_by_verdict());
    if (const auto generated = state.generated.find(id); generated != state.generated.end()) {
      to->set_generated(generated->second);
    }
  }
  for (const auto& [id, run] : state.runs) {
    auto* to = out.add_runs();
    to->set_run(id.second);
    to->set_resource_id(id.first);
    PutCounts(run.verdicts, to->mutable_by_verdict());
    to->set_generated(run.generated);
    for (const auto& [view, mark] : run.streams) {
      auto* m = to->add_streams();
      m->set_view_id(view);
      m->set_records(mark.records);
      m->set_last_sequence(mark.last_sequence);
    }
  }
  return base::Frame("DTLS", kLaneStateVersion, out.SerializeAsString());
}

absl::Status ParseLaneState(std::string_view bytes, uint32_t lane, LaneState& into) {
  ASSIGN_OR_RETURN(const std::string_view body, base::Unframe("DTLS", kLaneStateVersion, "lane state", bytes));
  StoredState in;
  if (!in.ParseFromArray(body.data(), static_cast<int>(body.size())) || in.lane() != lane ||
      in.hash().size() != into.head.hash.size()) {
    return absl::DataLossError(absl::StrCat("the state of lane ", lane, " does not parse"));
  }
  into = {};
  into.head.sequence = in.sequence();
  std::memcpy(into.head.hash.data(), in.hash().data(), into.head.hash.size());
  into.ledger_next = in.ledger_next();
  into.catalog_version = in.catalog_version();
  into.commit_time = in.commit_time();
  for (const auto& from : in.inputs()) {
    InputState& input = into.inputs[{from.resource_id(), from.partition()}];
    input.next = from.next();
    for (const auto& mark : from.marks()) input.marks.push_back({mark.receive_time(), mark.position()});
  }
  for (const auto& from : in.streams()) into.streams[from.view_id()] = {from.next_sequence(), from.filtered()};
  for (const auto& from : in.subscriptions()) {
    SubscriptionStartState& subscription = into.subscriptions[from.subscription_id()];
    subscription.start_sequence = from.start_sequence();
    subscription.start_accepted = from.start_accepted();
    subscription.start_filtered = from.start_filtered();
    subscription.started = from.started();
    subscription.again_next_sequence = from.again_next_sequence();
    subscription.cursor_partition = from.cursor_partition();
    subscription.cursor_position = from.cursor_position();
    subscription.started_at_sequence = from.started_at_sequence();
  }
  bool counts_ok = true;
  for (const auto& from : in.resources()) {
    counts_ok &= GetCounts(from.by_verdict(), into.resources[from.resource_id()]);
    if (from.generated() != 0) into.generated[from.resource_id()] = from.generated();
  }
  for (const auto& from : in.runs()) {
    RunState& run = into.runs[{from.resource_id(), from.run()}];
    run.generated = from.generated();
    counts_ok &= GetCounts(from.by_verdict(), run.verdicts);
    for (const auto& mark : from.streams()) run.streams[mark.view_id()] = {mark.records(), mark.last_sequence()};
  }
  if (!counts_ok) return absl::DataLossError(absl::StrCat("the state of lane ", lane, " has unknown verdicts"));
  return absl::OkStatus();
}

}  // namespace datong::pipeline
