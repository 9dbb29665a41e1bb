// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/naive_exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "exchange_core/ledger/ledger_entry.h"
#include "tests/simulation/judges/ledger_reading.h"
#include "tests/simulation/naive_replay.h"

namespace datong::simulation {
namespace {

using ledger::Verdict;
using record::Operation;

std::string Name(Verdict verdict) { return std::string(ledger::NameOf(verdict)); }

Operation OperationOf(const Row& row) {
  if (row.defective) return Operation::kUnreadable;
  return row.is_delete ? Operation::kDelete : Operation::kUpsert;
}

}  // namespace

void NaiveExchange::Replay::Run() {
  size_t lanes = 0;
  for (const auto& [place, partition] : witness.partitions()) {
    if (place.first == ledger::kLedgerTopic) lanes = std::max<size_t>(lanes, place.second + 1);
  }
  for (auto& [name, state] : out.resources_) state.changes.resize(lanes);
  const auto take = [this](const ledger::v1::LedgerEntry& entry, const Witness::Message& message) {
    if (entry.has_batch()) TakeBatch(entry);
    if (entry.has_stream_start()) TakeStart(entry);
    if (entry.has_snapshot_mark()) TakeMark(entry);
    if (entry.has_snapshot_reported()) TakeReported(entry);
    if (entry.has_snapshot_step()) TakeStep(entry, message.look);
  };
  const std::vector<LaneLedger> ledgers = ReadLedgers(witness, take);
  bool all_read = true;
  for (const LaneLedger& ledger : ledgers) {
    if (!ledger.status.ok()) {
      all_read = false;
      Complain(absl::StrCat("lane ", ledger.lane, ": its ledger can't be read on behind entry ", ledger.head.sequence,
                            ": ", ledger.status.message()));
    }
  }
  if (all_read) JudgeDecisions();
}

void NaiveExchange::Replay::TakeStart(const ledger::v1::LedgerEntry& entry) {
  const auto& said = entry.stream_start();
  const catalog::Subscription* subscription = catalog.FindSubscription(said.subscription_id());
  const auto resource = resources.find(said.resource_id());
  if (subscription == nullptr || resource == resources.end()) {
    return Complain(absl::StrCat("lane ", entry.lane(), " entry ", entry.sequence(), " starts subscription number ",
                                 said.subscription_id(), " of resource number ", said.resource_id(),
                                 ", which nobody asked for"));
  }
  const auto [start, is_new] = out.starts_[subscription->name].try_emplace(entry.lane());
  start->second.finished = said.finished();
  if (!is_new) return;
  start->second.lane_sequence = entry.sequence();
  start->second.changes_before = resource->second.state->changes[entry.lane()].size();
  const auto next = next_in_stream.find({entry.lane(), said.view_id()});
  start->second.stream_sequence = next == next_in_stream.end() ? 1 : next->second;
}

// The published message that the entry speaks of: always the next of its partition. nullptr: there is none.
const Witness::Message* NaiveExchange::Replay::NextMessage(Inputs& inputs, uint32_t number, uint64_t position,
                                                           const std::string& place) {
  const Witness::Partition* partition = witness.Find(inputs.topic, number);
  if (partition == nullptr) {
    Complain(absl::StrCat(place, ": nothing was ever published there"));
    return nullptr;
  }
  size_t& next = inputs.next[number];
  const auto& messages = partition->messages;
  const auto found =
      std::lower_bound(messages.begin(), messages.end(), position,
                       [](const Witness::Message& message, uint64_t at) { return message.position < at; });
  if (found == messages.end() || found->position != position) {
    Complain(absl::StrCat(place, ": nobody ever saw a message there"));
    return nullptr;
  }
  const auto index = static_cast<size_t>(found - messages.begin());
  if (index < next) {
    Complain(absl::StrCat(place, ": it was decided before, or a later one was"));
    return nullptr;
  }
  if (index > next) {
    Complain(absl::StrCat(place, ": ", index - next, " messages before it are left out, the first at position ",
                          messages[next].position));
  }
  next = index + 1;
  return &*found;
}

void NaiveExchange::Replay::TakeBatch(const ledger::v1::LedgerEntry& entry) {
  const auto& batch = entry.batch();
  const auto known = resources.find(batch.resource_id());
  if (known == resources.end()) {
    return Complain(absl::StrCat("lane ", entry.lane(), " entry ", entry.sequence(), " decides for resource number ",
                                 batch.resource_id(), ", which nobody asked for"));
  }
  for (const auto& output : batch.outputs()) {
    next_in_stream[{entry.lane(), output.view_id()}] = output.first_sequence() + output.records();
  }
  Inputs& inputs = known->second;
  const std::string place =
      absl::StrCat("lane ", entry.lane(), " entry ", entry.sequence(), ", resource ", inputs.plan->name, " partition ",
                   batch.partition(), " position ", batch.input_position());
  const Witness::Message* message = NextMessage(inputs, batch.partition(), batch.input_position(), place);
  if (message == nullptr) return;
  if (batch.input_next() != batch.input_position() + 1) {
    Complain(absl::StrCat(place, ": the lane reads on at ", batch.input_next()));
  }
  if (!batch.problem().empty()) {
    return Complain(absl::StrCat(place, ": the batch was refused as a whole: ", batch.problem()));
  }
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(batch.verdict_runs(), message->records.size(), codes)) {
    return Complain(absl::StrCat(place, ": the verdicts are not those of ", message->records.size(), " records"));
  }
  for (size_t i = 0; i < codes.size(); ++i) {
    TakeRecord(inputs, {entry, *message, message->records[i], i, static_cast<Verdict>(codes[i]), batch.partition()});
  }
}

void NaiveExchange::Replay::Complain(const Inputs& inputs, const Record& record, const std::string& what) {
  Complain(absl::StrCat("lane ", record.entry.lane(), " entry ", record.entry.sequence(), ", resource ",
                        inputs.plan->name, " partition ", record.partition, " position ", record.message.position,
                        " record ", record.number, " (", record.seen.file, " row ", record.seen.row, "): ", what));
}

const Dump* NaiveExchange::Replay::DumpOf(Inputs& inputs, const Record& record) {
  const auto run = runs.find(record.message.run);
  if (run == runs.end()) {
    Complain(inputs, record, absl::StrCat("reading ", record.message.run, " never began"));
    return nullptr;
  }
  const node::RunBooks& books = *run->second;
  const Dump* dump = departments.Find(inputs.plan->name, books.name, books.identity);
  if (dump == nullptr || record.seen.row == 0 || record.seen.row > dump->rows.size()) {
    Complain(inputs, record, "nobody ever wrote this row");
    return nullptr;
  }
  if (record.seen.file != books.name) {
    Complain(inputs, record, absl::StrCat("it was read from \"", books.name, "\""));
  }
  const auto unit = inputs.units.try_emplace(record.seen.file_sequence, books.name, dump->identity).first->second;
  if (unit.first != books.name || unit.second != dump->identity) {
    Complain(inputs, record,
             absl::StrCat("file number ", record.seen.file_sequence, " is that of \"", unit.first,
                          "\" with another content"));
  }
  return dump;
}

// What the record says of itself beside its content.
void NaiveExchange::Replay::CheckColumns(Inputs& inputs, const Record& record, const Row& row) {
  // A dump's row may stand there without its content.
  const bool is_same = record.seen.operation == Operation::kSame && record.message.snapshot != 0;
  if (record.seen.operation != OperationOf(row) && !(is_same && OperationOf(row) == Operation::kUpsert)) {
    Complain(inputs, record,
             absl::StrCat("the operation is number ", static_cast<int>(record.seen.operation), ", the row's is number ",
                          static_cast<int>(OperationOf(row))));
  }
  if (row.defective) return;
  const int64_t version = inputs.plan->versioned ? DeclaredVersion(row) : 0;
  if (record.seen.version != version) {
    Complain(inputs, record, absl::StrCat("version ", record.seen.version, ", the row declares ", version));
  }
  const std::string& key = ValueOf(row, "code");
  if (is_same) {
    const NaiveRegister::Entry* entry = inputs.entities->Find(key);
    if (entry == nullptr || entry->number != record.seen.entry) {
      Complain(inputs, record,
               absl::StrCat("it names entry ", record.seen.entry, ", key ", key,
                            entry == nullptr ? " has none" : absl::StrCat(" has entry ", entry->number)));
    }
    return;
  }
  const std::string& digest = inputs.digest_of_key.try_emplace(key, record.seen.key).first->second;
  const std::string& other = inputs.key_of_digest.try_emplace(record.seen.key, key).first->second;
  if (digest != record.seen.key || other != key) {
    Complain(inputs, record,
             absl::StrCat("key ", key, " has digest ", record.seen.key, ", which does not agree with ", digest, " of ",
                          other));
  }
}

void NaiveExchange::Replay::TakeRecord(Inputs& inputs, const Record& record) {
  ++out.judged_;
  const Dump* dump = DumpOf(inputs, record);
  if (dump == nullptr) return;
  const Row& row = dump->rows[record.seen.row - 1];
  CheckColumns(inputs, record, row);

  const std::string& key = ValueOf(row, "code");
  std::string known;
  Verdict verdict = record.said;
  if (row.defective || (!inputs.plan->entity && row.is_delete)) {  // what happened can't be undone
    known = "the row is defective";
    if (!ledger::IsQuarantined(verdict)) verdict = Verdict::kUnreadableRow;
    const auto stage = inputs.stages.find({record.partition, record.message.snapshot});
    // A line with too many values has no columns, and nobody can say whose it is.
    const std::string readable = row.values.contains("_broken") ? "" : key;
    if (stage != inputs.stages.end() && stage->second.phase == NaiveStage::Phase::kOpen) {
      stage->second.TakeDefective(readable);
      if (record.seen.key_known == readable.empty()) {
        Complain(inputs, record, absl::StrCat("its key is \"", readable, "\", the exchange says otherwise"));
      }
    }
  } else if (inputs.plan->entity) {
    known = inputs.entities->Known(key);
    verdict = TakeReadable(inputs, record, row, key);
  } else {
    known = inputs.events->Known(row);
    verdict = inputs.events->Take(row, record.entry.commit_time(), record.said);
  }
  ++inputs.state->verdicts[verdict];
  if (verdict != record.said) {
    Complain(inputs, record,
             absl::StrCat("key ", key, ": the ledger says ", Name(record.said), ", it is ", Name(verdict), ": ", known,
                          "; this is file number ", record.seen.file_sequence,
                          inputs.plan->versioned ? absl::StrCat(", version ", DeclaredVersion(row)) : "",
                          ", decided at ", record.entry.commit_time()));
  }
  if (ledger::IsAccepted(verdict)) Accept(inputs, ChangeOf(inputs, record, *dump, verdict));
}

Verdict NaiveExchange::Replay::TakeReadable(Inputs& inputs, const Record& record, const Row& row,
                                            const std::string& key) {
  const SourcePlace place{record.seen.file_sequence, record.seen.row};
  const node::RunBooks& run = *runs.at(record.message.run);
  const bool is_full = departments.Find(inputs.plan->name, run.name, run.identity)->full;
  if (record.message.snapshot != (is_full ? run.run : 0)) {
    Complain(inputs, record,
             absl::StrCat("it says that it is of snapshot ", record.message.snapshot, ", and its reading is number ",
                          run.run));
  }
  if (!is_full) return inputs.entities->Take(key, row, place, {run.source, record.partition, 0});
  const auto stage = inputs.stages.find({record.partition, record.message.snapshot});
  if (stage == inputs.stages.end() || stage->second.phase != NaiveStage::Phase::kOpen) return Verdict::kSnapshotDropped;
  return stage->second.Take(*inputs.entities, {key, &row, place, record.message.position, record.number, false,
                                               record.seen.operation == Operation::kSame});
}

NaiveExchange::Change NaiveExchange::Replay::ChangeOf(Inputs& inputs, const Record& record, const Dump& dump,
                                                      Verdict verdict) {
  Change change;
  change.lane = record.entry.lane();
  change.lane_sequence = record.entry.sequence();
  change.verdict = verdict;
  change.dump = &dump;
  change.row = record.seen.row;
  change.key = ValueOf(change.content(), "code");
  change.digest = record.seen.key;
  change.partition = record.partition;
  change.position = record.message.position;
  change.record = record.number;
  change.file_sequence = record.seen.file_sequence;
  if (inputs.plan->versioned) change.version = DeclaredVersion(change.content());
  return change;
}

void NaiveExchange::Replay::Accept(Inputs& inputs, Change change) {
  if (inputs.plan->entity && change.verdict == Verdict::kDeleted) {
    inputs.state->present.erase(change.key);
  } else if (inputs.plan->entity) {
    inputs.state->present[change.key] = change;
  }
  inputs.state->changes[change.lane].push_back(std::move(change));
}

NaiveExchange::NaiveExchange(const Departments& departments, const Witness& witness,
                             const catalog::CatalogTable& catalog, const std::vector<node::RunBooks>& runs) {
  Replay(*this, departments, witness, catalog, runs).Run();
}
NaiveExchange::~NaiveExchange() = default;

}  // namespace datong::simulation
