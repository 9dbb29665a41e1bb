// SPDX-License-Identifier: Apache-2.0
// What should become of snapshots (docs/snapshots.md): nothing before the decision, nothing against it, and of what is
// released every change and every delete that is due, and no other.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/snapshot/snapshot_codec.h"
#include "tests/simulation/naive_replay.h"

namespace datong::simulation {
namespace {

constexpr broker::Position kFirstPosition = 1;  // 0 is before every message (broker.h)
using exchange::v1::SnapshotDecision;
using ledger::Verdict;
using Phase = NaiveStage::Phase;

std::string Name(Verdict verdict) { return std::string(ledger::NameOf(verdict)); }

std::string Text(const NaiveStage::Facts& facts) {
  return absl::StrCat(facts.rows, " rows, ", facts.keyless, " without a key, ", facts.inserts, " inserts, ",
                      facts.updates, " updates, ", facts.conflicting, " conflicting, ", facts.absent, " absent of ",
                      facts.source_keys, facts.broken_off ? ", broken off" : "");
}

NaiveStage::Facts FactsIn(const exchange::v1::SnapshotReport& report) {
  NaiveStage::Facts facts;
  facts.rows = report.rows();
  facts.keyless = report.keyless();
  facts.inserts = report.inserts();
  facts.updates = report.updates();
  facts.conflicting = report.conflicting();
  facts.source_keys = report.source_keys();
  facts.absent = report.absent();
  facts.broken_off = report.broken_off();
  return facts;
}

std::string CodesOf(const SnapshotDecision& decision) {
  std::vector<std::string> codes;
  for (const auto& stop : decision.stops()) codes.push_back(stop.code());
  std::sort(codes.begin(), codes.end());
  return absl::StrJoin(codes, " ");
}

}  // namespace

void NaiveExchange::Replay::ReadSnapshotsTopic() {
  const Witness::Partition* topic = witness.Find(snapshot::kSnapshotsTopic, 0);
  if (topic == nullptr) return;
  for (const Witness::Message& message : topic->messages) {
    const auto event = snapshot::DecodeSnapshotEvent(message.body);
    if (!event.ok()) {
      Complain(absl::StrCat("snapshots position ", message.position, ": ", event.status().message()));
      continue;
    }
    Snapshot& snapshot = snapshots[event->snapshot()];
    if (event->has_decision()) snapshot.decisions.push_back({event->decision(), message.look});
    if (!event->has_report()) continue;
    if (!snapshot.reports.try_emplace(event->report().partition(), event->report()).second) {
      Complain(absl::StrCat("snapshot ", event->snapshot(), " partition ", event->report().partition(),
                            " is reported twice"));
    }
  }
}

void NaiveExchange::Replay::TakeMark(const ledger::v1::LedgerEntry& entry) {
  const auto& taken = entry.snapshot_mark();
  const auto known = resources.find(taken.resource_id());
  const std::string place =
      absl::StrCat("lane ", entry.lane(), " entry ", entry.sequence(), ", partition ", taken.partition(), " position ",
                   taken.input_position(), ", mark of snapshot ", taken.mark().snapshot());
  if (known == resources.end()) return Complain(absl::StrCat(place, ": of a resource which nobody asked for"));
  Inputs& inputs = known->second;
  const Witness::Message* message = NextMessage(inputs, taken.partition(), taken.input_position(), place);
  if (message == nullptr) return;
  if (taken.input_next() != taken.input_position() + 1) {
    Complain(absl::StrCat(place, ": the lane reads on at ", taken.input_next()));
  }
  if (!taken.problem().empty()) return Complain(absl::StrCat(place, ": it was refused: ", taken.problem()));
  if (snapshot::EncodeMark(taken.mark()) != message->envelope) {
    return Complain(absl::StrCat(place, ": another one stands there"));
  }
  const uint64_t number = taken.mark().snapshot();
  const auto run = runs.find(number);
  if (run == runs.end()) return Complain(absl::StrCat(place, ": its reading never began"));
  Snapshot& snapshot = snapshots[number];
  if (taken.mark().has_begin()) {
    const auto& begin = taken.mark().begin();
    snapshot.resource = inputs.plan->name;
    snapshot.source = run->second->source;
    snapshot.dump = departments.Find(inputs.plan->name, run->second->name, run->second->identity);
    snapshot.flows = begin.flows();
    if (snapshot.dump == nullptr || !snapshot.dump->full)
      return Complain(absl::StrCat(place, ": nobody gave this dump"));
    if (begin.file() != snapshot.dump->name || static_cast<uint32_t>(inputs.plan->full.same_key) != begin.same_key()) {
      Complain(absl::StrCat(place, ": it is not what the department gave and asked for"));
    }
    NaiveStage::Identity identity;
    identity.snapshot = number;
    identity.source = snapshot.source;
    identity.partition = taken.partition();
    identity.file_sequence = begin.file_sequence();
    identity.dump = snapshot.dump;
    identity.flows = begin.flows();
    identity.same_key = inputs.plan->full.same_key;
    identity.begin_position = taken.input_position();
    identity.begin_moment = inputs.entities->moment();
    if (!inputs.stages.try_emplace({taken.partition(), number}, identity).second) {
      return Complain(absl::StrCat(place, ": it begins a second time"));
    }
    ++snapshot.open;
    return;
  }
  const auto stage = inputs.stages.find({taken.partition(), number});
  if (stage == inputs.stages.end() || stage->second.phase != Phase::kOpen) {
    return Complain(absl::StrCat(place, ": it ends, and is not open"));
  }
  const bool complete = taken.mark().end().complete();
  stage->second.phase = complete ? Phase::kEnded : Phase::kBrokenOff;
  if (complete == stage->second.identity().dump->cut_off) {
    Complain(
        absl::StrCat(place, ": ", stage->second.identity().dump->name,
                     complete ? " was cut off, and it counts as complete" : " is complete, and it counts as cut off"));
  }
}

void NaiveExchange::Replay::TakeReported(const ledger::v1::LedgerEntry& entry) {
  const auto& reported = entry.snapshot_reported();
  const std::string place = absl::StrCat("lane ", entry.lane(), " entry ", entry.sequence(), ", snapshot ",
                                         reported.snapshot(), " partition ", reported.partition());
  const auto known = resources.find(reported.resource_id());
  if (known == resources.end()) return Complain(absl::StrCat(place, ": of a resource which nobody asked for"));
  const auto stage = known->second.stages.find({reported.partition(), reported.snapshot()});
  if (stage == known->second.stages.end() ||
      (stage->second.phase != Phase::kEnded && stage->second.phase != Phase::kBrokenOff)) {
    return Complain(absl::StrCat(place, ": it is reported, and has not ended"));
  }
  Snapshot& snapshot = snapshots[reported.snapshot()];
  const NaiveStage::Facts facts = stage->second.FactsOf(*known->second.entities);
  stage->second.phase = Phase::kReported;
  snapshot.facts[reported.partition()] = facts;
  const auto report = snapshot.reports.find(reported.partition());
  if (report == snapshot.reports.end()) {
    return Complain(absl::StrCat(place, ": the ledger says that it is reported, the topic does not have it"));
  }
  if (const std::string said = Text(FactsIn(report->second)); said != Text(facts)) {
    Complain(absl::StrCat(place, ": reported are ", said, "; there are ", Text(facts)));
  }
}

void NaiveExchange::Replay::TakeStep(const ledger::v1::LedgerEntry& entry, uint64_t seen_in) {
  const auto& step = entry.snapshot_step();
  const std::string place =
      absl::StrCat("lane ", entry.lane(), " entry ", entry.sequence(), ", snapshot ", step.snapshot(), " partition ",
                   step.partition(), ", ", ledger::v1::SnapshotStepKind_Name(step.kind()));
  for (const auto& output : step.outputs()) {
    next_in_stream[{entry.lane(), output.view_id()}] = output.first_sequence() + output.records();
  }
  const auto known = resources.find(step.resource_id());
  if (known == resources.end()) return Complain(absl::StrCat(place, ": of a resource which nobody asked for"));
  Inputs& inputs = known->second;
  const auto found = inputs.stages.find({step.partition(), step.snapshot()});
  if (found == inputs.stages.end()) return Complain(absl::StrCat(place, ": no such snapshot is open there"));
  NaiveStage& stage = found->second;
  CheckRuling(step, stage, seen_in, place);
  if (step.kind() == ledger::v1::SNAPSHOT_APPLY) Apply(entry, inputs, stage, place);
  if (step.kind() == ledger::v1::SNAPSHOT_DELETE) Delete(entry, inputs, stage, place);
  if (step.kind() == ledger::v1::SNAPSHOT_DROP) Drop(step, inputs, stage, place);
  if (!step.finished()) return;
  if (!stage.waiting.empty()) Complain(absl::StrCat(place, ": it is done, and ", stage.waiting.size(), " rows wait"));
  for (const auto& [key, one] : inputs.entities->entries()) {
    if (step.kind() == ledger::v1::SNAPSHOT_DROP || !stage.IsDue(key, one)) continue;
    Complain(absl::StrCat(place, ": it is done, and ", key, " is not deleted, which it lacks"));
  }
  inputs.stages.erase(found);
  --snapshots[step.snapshot()].open;
}

// A lane does what was decided, when it was, and nothing else.
void NaiveExchange::Replay::CheckRuling(const ledger::v1::SnapshotStep& step, const NaiveStage& stage, uint64_t seen_in,
                                        const std::string& place) {
  const Snapshot& snapshot = snapshots[step.snapshot()];
  if (stage.phase != Phase::kReported) Complain(absl::StrCat(place, ": it is not even reported"));
  if (snapshot.decisions.empty()) return Complain(absl::StrCat(place, ": nobody has decided about it"));
  const Decision& last = snapshot.decisions.back();
  const auto wanted = step.kind() == ledger::v1::SNAPSHOT_DROP ? SnapshotDecision::DROP : SnapshotDecision::RELEASE;
  if (last.said.action() != wanted) {
    Complain(absl::StrCat(place, ": decided is ", SnapshotDecision::Action_Name(last.said.action())));
  } else if (last.look > seen_in) {
    Complain(absl::StrCat(place, ": it was there before the decision was"));
  }
}

std::vector<NaiveExchange::Replay::Record> NaiveExchange::Replay::RecordsOf(const ledger::v1::LedgerEntry& entry,
                                                                            const Inputs& inputs,
                                                                            const std::string& place) {
  const auto& step = entry.snapshot_step();
  std::vector<Record> records;
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(step.verdict_runs(), step.records(), codes)) {
    Complain(absl::StrCat(place, ": the verdicts are not those of ", step.records(), " records"));
    return records;
  }
  const Witness::Partition* partition = witness.Find(inputs.topic, step.partition());
  for (const auto& group : step.groups()) {
    const auto is_it = [&](const Witness::Message& message) { return message.position == group.input_position(); };
    const Witness::Message* message = nullptr;
    if (partition != nullptr) {
      const auto found = std::find_if(partition->messages.begin(), partition->messages.end(), is_it);
      if (found != partition->messages.end()) message = &*found;
    }
    for (const uint32_t number : group.records()) {
      if (message == nullptr || number >= message->records.size() || records.size() == codes.size()) {
        Complain(absl::StrCat(place, ": no record ", number, " stands at position ", group.input_position()));
        return records;
      }
      records.push_back({entry, *message, message->records[number], number, static_cast<Verdict>(codes[records.size()]),
                         step.partition()});
    }
  }
  if (records.size() != codes.size()) Complain(absl::StrCat(place, ": its groups do not hold its records"));
  return records;
}

// What waits, in the order in which it came, judged by what is known by now.
void NaiveExchange::Replay::Apply(const ledger::v1::LedgerEntry& entry, Inputs& inputs, NaiveStage& stage,
                                  const std::string& place) {
  for (const Record& record : RecordsOf(entry, inputs, place)) {
    if (stage.waiting.empty()) return Complain(inputs, record, "nothing of the snapshot waits any more");
    const NaiveStage::Waiting next = stage.waiting.front();
    stage.waiting.pop_front();
    if (next.position != record.message.position || next.record != record.number) {
      Complain(inputs, record, absl::StrCat("record ", next.record, " at position ", next.position, " is next"));
      continue;
    }
    const std::string known = inputs.entities->Known(next.key);
    const Verdict verdict = next.set_aside ? Verdict::kConflictingRows
                                           : inputs.entities->Take(next.key, *next.row, next.place, stage.supplier());
    --inputs.state->verdicts[Verdict::kStaged];
    ++inputs.state->verdicts[verdict];
    if (verdict != record.said) {
      Complain(inputs, record,
               absl::StrCat("key ", next.key, ", released by snapshot ", stage.identity().snapshot,
                            ": the ledger says ", Name(record.said), ", it is ", Name(verdict), ": ", known));
    }
    if (ledger::IsAccepted(verdict)) Accept(inputs, ChangeOf(inputs, record, *stage.identity().dump, verdict));
  }
}

void NaiveExchange::Replay::Delete(const ledger::v1::LedgerEntry& entry, Inputs& inputs, NaiveStage& stage,
                                   const std::string& place) {
  if (!stage.waiting.empty()) {
    Complain(absl::StrCat(place, ": ", stage.waiting.size(), " rows wait, and deletes come behind them"));
  }
  for (const Record& record : RecordsOf(entry, inputs, place)) {
    const Dump* dump = DumpOf(inputs, record);
    if (dump == nullptr) continue;
    Change change = ChangeOf(inputs, record, *dump, Verdict::kDeleted);
    const NaiveRegister::Entry* known = inputs.entities->Find(change.key);
    if (record.said != Verdict::kDeleted) Complain(inputs, record, "the ledger says " + Name(record.said));
    if (known == nullptr || !stage.IsDue(change.key, *known)) {
      Complain(inputs, record,
               absl::StrCat("key ", change.key, " is deleted by snapshot ", stage.identity().snapshot,
                            ", and must not be: ", inputs.entities->Known(change.key),
                            known == nullptr ? "" : absl::StrCat(", last supplied by ", known->by.source)));
    } else if (known->content != &change.content()) {
      Complain(inputs, record, absl::StrCat("key ", change.key, " is deleted, and this is not its last content"));
    }
    change.lacking = stage.identity().dump;
    inputs.entities->Delete(change.key, stage.identity().file_sequence, stage.supplier());
    ++inputs.state->verdicts[Verdict::kDeleted];
    ++inputs.state->generated;
    Accept(inputs, std::move(change));
  }
}

void NaiveExchange::Replay::Drop(const ledger::v1::SnapshotStep& step, Inputs& inputs, NaiveStage& stage,
                                 const std::string& place) {
  std::vector<uint8_t> codes;
  if (step.records() != stage.waiting.size() || !ledger::UnpackRuns(step.verdict_runs(), step.records(), codes)) {
    return Complain(absl::StrCat(place, ": it drops ", step.records(), " rows, ", stage.waiting.size(), " wait"));
  }
  for (const uint8_t code : codes) {
    --inputs.state->verdicts[Verdict::kStaged];
    ++inputs.state->verdicts[Verdict::kSnapshotDropped];
    if (static_cast<Verdict>(code) == Verdict::kSnapshotDropped) continue;
    Complain(absl::StrCat(place, ": the ledger says ", Name(static_cast<Verdict>(code)), ", it is dropped"));
  }
  stage.waiting.clear();
}

// --- decisions

void NaiveExchange::Replay::JudgeDecisions() {
  for (const auto& [number, snapshot] : snapshots) {
    if (snapshot.dump != nullptr) {
      JudgeDecision(number, snapshot);
    } else {
      Complain(absl::StrCat("topic snapshots speaks of snapshot ", number, ", which never began"));
    }
  }
  for (auto& [id, inputs] : resources) {
    for (const auto& [place, stage] : inputs.stages) {
      const auto [needed, is_new] = inputs.state->needed_from.try_emplace(place.first, stage.identity().begin_position);
      if (!is_new) needed->second = std::min(needed->second, stage.identity().begin_position);
    }
  }
}

bool NaiveExchange::Replay::AnyReleasedBefore(uint64_t number, const Snapshot& snapshot) const {
  return std::any_of(snapshots.begin(), snapshots.lower_bound(number), [&](const auto& other) {
    return other.second.resource == snapshot.resource && other.second.released();
  });
}

bool NaiveExchange::Replay::AnyRowBefore(uint64_t number, const Snapshot& snapshot) const {
  for (const auto& [id, inputs] : resources) {
    if (inputs.plan->name != snapshot.resource) continue;
    for (uint32_t partition = 0; partition < inputs.plan->partitions; ++partition) {
      const Witness::Partition* seen = witness.Find(inputs.topic, partition);
      if (seen == nullptr || seen->messages.empty()) continue;
      if (seen->messages.front().position > kFirstPosition) return true;  // what was dropped unseen
      for (const Witness::Message& message : seen->messages) {
        if (message.is_mark && message.snapshot == number) break;
        if (!message.is_mark) return true;
      }
    }
  }
  return false;
}

// What speaks against it, of all that can happen in this world: its dumps always name every column.
std::string NaiveExchange::Replay::StopsOf(uint64_t number, const Snapshot& snapshot, const FullPlan& policy) const {
  NaiveStage::Facts all;
  for (const auto& [partition, facts] : snapshot.facts) {
    all.rows += facts.rows;
    all.keyless += facts.keyless;
    all.source_keys += facts.source_keys;
    all.absent += facts.absent;
  }
  std::vector<std::string> stops;
  if (all.rows == 0 && (all.source_keys != 0 || AnyReleasedBefore(number, snapshot))) stops.push_back("empty");
  const bool may_still_stop = !snapshot.flows || all.absent > 0;
  if (may_still_stop && all.keyless * 100 > all.rows) stops.push_back("keys_missing");
  if (all.keyless > 0 && all.absent > 0) stops.push_back("unreadable_keys");
  const bool too_many = policy.vanish_records_max != 0 ? all.absent > policy.vanish_records_max
                                                       : all.absent * 100 > all.source_keys * policy.vanish_percent_max;
  if (too_many) stops.push_back("vanishing");
  std::sort(stops.begin(), stops.end());
  return absl::StrJoin(stops, " ");
}

void NaiveExchange::Replay::JudgeDecision(uint64_t number, const Snapshot& snapshot) {
  const ResourcePlan& plan = departments.resources.at(snapshot.resource);
  const std::string place = absl::StrCat("snapshot ", number, " (", snapshot.resource, ", ", snapshot.dump->name, ")");
  if (snapshot.flows != (plan.full.early_flow || !AnyRowBefore(number, snapshot))) {
    Complain(absl::StrCat(place, ": its changes ", snapshot.flows ? "flow" : "wait", ", and should not"));
  }
  const bool all_reported = snapshot.facts.size() == plan.partitions;
  if (snapshot.decisions.empty()) {
    if (all_reported) out.unfinished_.push_back(absl::StrCat(place, ": every partition has reported, nobody decides"));
    return;
  }
  if (!all_reported) return Complain(absl::StrCat(place, ": it is decided, and not every partition has reported"));
  const SnapshotDecision& first = snapshot.decisions.front().said;
  const std::string stops = StopsOf(number, snapshot, plan.full);
  const auto wanted = snapshot.dump->cut_off ? SnapshotDecision::DROP
                      : stops.empty()        ? SnapshotDecision::RELEASE
                                             : SnapshotDecision::HOLD;
  if (first.action() != wanted || (wanted == SnapshotDecision::HOLD && CodesOf(first) != stops)) {
    Complain(absl::StrCat(place, ": decided is ", SnapshotDecision::Action_Name(first.action()), " (", CodesOf(first),
                          "), it should be ", SnapshotDecision::Action_Name(wanted), " (", stops, ")"));
  }
  if (first.stale()) Complain(absl::StrCat(place, ": it counts as stale, and nobody said of when it is"));
  for (size_t i = 1; i < snapshot.decisions.size(); ++i) {
    const SnapshotDecision& later = snapshot.decisions[i].said;
    const auto superseding = snapshots.find(later.superseded_by());
    const bool superseded = superseding != snapshots.end() && superseding->first > number &&
                            superseding->second.source == snapshot.source && superseding->second.released();
    const bool is_right = snapshot.decisions[i - 1].said.action() == SnapshotDecision::HOLD &&
                          later.action() != SnapshotDecision::HOLD && later.by().empty() == superseded &&
                          (!superseded || later.action() == SnapshotDecision::DROP);
    if (is_right) continue;
    Complain(absl::StrCat(place, ": decision ", i + 1, ", ", SnapshotDecision::Action_Name(later.action()), " by \"",
                          later.by(), "\", does not follow from the one before"));
  }
  if (snapshot.decisions.back().said.action() != SnapshotDecision::HOLD && snapshot.open != 0) {
    out.unfinished_.push_back(
        absl::StrCat(place, ": it is decided, and has not taken effect in ", snapshot.open, " partitions"));
  }
}

}  // namespace datong::simulation
