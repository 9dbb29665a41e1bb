// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "exchange_core/admin/delivery_walk.h"
#include "exchange_core/admin/ledger_walk.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/admin/receipt_walk.h"
#include "exchange_core/admin/record_text.h"
#include "exchange_core/admin/verdict_words.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/ledger/ledger_entry.h"
#include "exchange_core/record/batch_codec.h"
#include "exchange_core/record/rejected_row.h"

namespace datong::admin {
namespace {

// One object in one resource: every place where the ledger says something about it.
class Trace {
 public:
  Trace(Question& question, const catalog::CatalogTable& table, const catalog::Resource& resource,
        const KeyPlace& place, const Receipts& receipts)
      : question_(question), table_(table), resource_(resource), place_(place), receipts_(receipts) {}

  absl::Status Run() {
    FindEntry();
    RETURN_IF_ERROR(FindSentAgain());
    std::set<uint32_t> lanes;
    for (uint32_t partition = 0; partition < resource_.partitions; ++partition) {
      if (place_.partition && *place_.partition != partition) continue;
      lanes.insert(catalog::LaneOf(resource_, partition, question_.exchange.lanes()));
    }
    for (const uint32_t lane : lanes) {
      RETURN_IF_ERROR(WalkLedger(question_.exchange.broker(), lane, [this](const ledger::v1::LedgerEntry& entry) {
        if (question_.out.cancelled()) return absl::CancelledError("no longer wanted");
        return Look(entry);
      }));
    }
    return TellPresent();
  }

  uint64_t occurrences() const { return occurrences_; }
  bool incomplete() const { return incomplete_; }

 private:
  // A record sent again to a subscription that came later is known by where its input stood.
  struct SentAgain {
    uint32_t subscription;
    uint32_t lane;
    uint64_t sequence;
    uint32_t input_partition;
    uint64_t input_position;
    uint64_t row;
    std::string file;
  };

  void FindEntry();
  absl::Status FindSentAgain();
  absl::Status Look(const ledger::v1::LedgerEntry& entry);
  absl::Status LookAtStep(const ledger::v1::LedgerEntry& entry);
  absl::Status TellRecord(const ledger::v1::LedgerEntry& entry, size_t record,
                          const std::vector<ledger::Verdict>& verdicts);
  absl::Status TellStep(const ledger::v1::LedgerEntry& entry, const std::vector<ledger::Verdict>& verdicts,
                        uint32_t number);
  Json FileOfRun(uint64_t run);
  absl::Status TellDropped(const ledger::v1::LedgerEntry& entry, const std::vector<ledger::Verdict>& verdicts);
  absl::Status TellPresent();
  // A record where its content stands, and how many records of its ledger entry were accepted before it.
  struct Accepted {
    uint32_t lane;
    uint32_t partition;
    uint64_t input_position;
    size_t record;  // in batch_
    uint64_t rank;
  };
  template <typename Outputs>
  Json Deliveries(const Accepted& accepted, const Outputs& outputs) const;
  Json Deliveries(const ledger::v1::LedgerEntry& entry, size_t record,
                  const std::vector<ledger::Verdict>& verdicts) const;
  std::optional<Json> AgainDelivery(const catalog::Subscription& subscription, const Accepted& accepted) const;
  Json Fate(const std::string& subscription, uint32_t subscription_id, bool again, uint32_t lane,
            uint64_t sequence) const;
  Json RowOf(const ledger::v1::LedgerEntry& entry, size_t record, ledger::Verdict verdict) const;

  Question& question_;
  const catalog::CatalogTable& table_;
  const catalog::Resource& resource_;
  const KeyPlace place_;
  uint32_t entry_ = index::EntityIndex::kNoEntry;  // of the key, by which rows of dumps name it that did not change
  const Receipts& receipts_;
  std::vector<SentAgain> sent_again_;
  std::map<uint64_t, std::string> files_;  // by run; filled when the first is asked for
  record::PackedBatch packed_;
  record::RecordBatch batch_;  // of the entry looked at, when it holds the key
  uint64_t occurrences_ = 0;
  bool incomplete_ = false;
};

void Trace::FindEntry() {
  if (!place_.partition) return;
  question_.exchange.InspectLane(catalog::LaneOf(resource_, *place_.partition, question_.exchange.lanes()),
                                 [&](const pipeline::LaneView& view) {
                                   const index::EntityIndex* index = view.entity_index(resource_.id, *place_.partition);
                                   if (index != nullptr) entry_ = index->NumberOf(place_.digest);
                                 });
}

absl::Status Trace::FindSentAgain() {
  for (const auto& [id, subscription] : table_.subscriptions()) {
    const catalog::View* view = table_.FindView(subscription.view_id);
    if (view == nullptr || view->resource_id != resource_.id) continue;
    DeliveryWalk walk(question_.exchange, subscription, *view);
    RETURN_IF_ERROR(walk.Open(true));
    DeliveryWalk::Delivered delivered;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, walk.Next(delivered));
      if (!more || !delivered.again) break;  // the stream itself is told by the ledger
      for (size_t i = delivered.first; i < delivered.batch.size(); ++i) {
        const record::RecordColumns& columns = delivered.batch.columns;
        if (columns.key[i] != place_.digest && columns.id[i] != place_.digest) continue;
        sent_again_.push_back({id, delivered.envelope.lane(), delivered.envelope.first_sequence() + i,
                               delivered.envelope.input_partition(), delivered.envelope.input_position(),
                               columns.row[i], FileOf(delivered.batch.header, columns, i)});
      }
    }
  }
  return absl::OkStatus();
}

std::vector<ledger::Verdict> VerdictsOf(const std::vector<uint8_t>& codes) {
  std::vector<ledger::Verdict> verdicts;
  for (const uint8_t code : codes)
    verdicts.push_back(ledger::VerdictFromCode(code).value_or(ledger::Verdict::kUndecided));
  return verdicts;
}

// What became of staged records of the object, and that a snapshot lacked it.
absl::Status Trace::LookAtStep(const ledger::v1::LedgerEntry& entry) {
  const auto& step = entry.snapshot_step();
  if (step.resource_id() != resource_.id || step.kind() == ledger::v1::SNAPSHOT_DROP) return absl::OkStatus();
  if (place_.partition && step.partition() != *place_.partition) return absl::OkStatus();
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(step.verdict_runs(), step.records(), codes)) {
    return absl::DataLossError(absl::StrCat("ledger of lane ", entry.lane(), ", entry ", entry.sequence(),
                                            ": verdicts do not fit its records"));
  }
  const std::vector<ledger::Verdict> verdicts = VerdictsOf(codes);
  ledger::AdmittedColumns admitted;
  RETURN_IF_ERROR(ledger::DecodeAdmitted(step.admitted(), verdicts, true, admitted));
  for (size_t i = 0; i < admitted.size(); ++i) {
    if (admitted.key[i] == place_.digest) RETURN_IF_ERROR(TellStep(entry, verdicts, admitted.record[i]));
  }
  return absl::OkStatus();
}

Json Trace::FileOfRun(uint64_t run) {
  if (files_.empty()) {
    for (const node::RunBooks& books : question_.exchange.runs()) files_[books.run] = books.name;
  }
  const auto found = files_.find(run);
  return found == files_.end() ? Json() : Json(found->second);
}

absl::Status Trace::TellStep(const ledger::v1::LedgerEntry& entry, const std::vector<ledger::Verdict>& verdicts,
                             uint32_t number) {
  const auto& step = entry.snapshot_step();
  ++occurrences_;
  uint32_t left = number;
  int group = 0;
  while (group < step.groups_size() && left >= static_cast<uint32_t>(step.groups(group).records_size())) {
    left -= static_cast<uint32_t>(step.groups(group++).records_size());
  }
  if (group == step.groups_size()) return absl::DataLossError("a ledger entry's groups do not hold its records");
  const uint64_t position = step.groups(group).input_position();
  const uint32_t record = step.groups(group).records(static_cast<int>(left));
  const bool absent = step.kind() == ledger::v1::SNAPSHOT_DELETE;
  Json row = {{"kind", "occurrence"},
              {"resource", resource_.name},
              {"verdict", ledger::NameOf(verdicts[number])},
              {"why", absent ? "a full dump of its source lacks it" : WhyOf(verdicts[number])},
              {"lane", entry.lane()},
              {"ledger_sequence", entry.sequence()},
              {"record", number},
              {"run", step.snapshot()},
              {"snapshot", step.snapshot()},
              {"partition", step.partition()},
              {"received", TimeJson(entry.commit_time())},
              {"decided", TimeJson(entry.commit_time())},
              {"operation", absent ? "delete" : "upsert"}};
  for (const char* unknown : {"file", "row", "key", "items"}) row[unknown] = nullptr;
  const auto message = question_.exchange.broker().ReadAt({resource_.publish_topic(), step.partition()}, position);
  const bool kept = message.ok() && record::DecodeBatch(message->body.bytes(), batch_).ok() && record < batch_.size();
  if (kept) {
    const record::RecordSchema& schema = SchemaOf(resource_, batch_.header.schema_version);
    row["key"] = KeyJson(schema, nullptr, batch_.record(record));
    row["items"] = ItemsJson(schema, nullptr, batch_.record(record));
    row["file"] = FileOf(batch_.header, batch_.columns, record);
    row["row"] = batch_.columns.row[record];
  } else {
    incomplete_ = true;
    batch_.clear();
  }
  if (absent) {  // the content is an earlier file's; the one that says it is gone has no row of it
    row["file"] = FileOfRun(step.snapshot());
    row["row"] = nullptr;
  }
  uint64_t rank = 0;
  for (size_t before = 0; before < number; ++before) rank += ledger::IsAccepted(verdicts[before]) ? 1 : 0;
  row["deliveries"] = ledger::IsAccepted(verdicts[number])
                          ? Deliveries({entry.lane(), step.partition(), position, record, rank}, step.outputs())
                          : Json::array();
  row["kept"] = kept;
  question_.out.Row(row);
  return absl::OkStatus();
}

absl::Status Trace::Look(const ledger::v1::LedgerEntry& entry) {
  if (entry.has_snapshot_step()) return LookAtStep(entry);
  if (!entry.has_batch() || entry.batch().resource_id() != resource_.id) return absl::OkStatus();
  const auto& said = entry.batch();
  if (place_.partition && said.partition() != *place_.partition) return absl::OkStatus();
  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(said.verdict_runs(), said.records(), codes)) {
    return absl::DataLossError(absl::StrCat("ledger of lane ", entry.lane(), ", entry ", entry.sequence(),
                                            ": verdicts do not fit its records"));
  }
  const std::vector<ledger::Verdict> verdicts = VerdictsOf(codes);
  const auto message =
      question_.exchange.broker().ReadAt({resource_.publish_topic(), said.partition()}, said.input_position());
  if (absl::IsNotFound(message.status())) return TellDropped(entry, verdicts);
  RETURN_IF_ERROR(message.status());
  if (!record::DecodeColumns(message->body.bytes(), packed_).ok()) return absl::OkStatus();  // refused as a whole
  bool opened = false;
  size_t same = 0;
  for (size_t i = 0; i < packed_.columns.size() && i < verdicts.size(); ++i) {
    const bool is_same = packed_.columns.operation[i] == record::Operation::kSame;
    const bool is_its = is_same ? packed_.columns.same_entry[same++] == entry_
                                : packed_.columns.key[i] == place_.digest || packed_.columns.id[i] == place_.digest;
    if (!is_its) continue;
    if (!opened && !record::DecodeBatch(message->body.bytes(), batch_).ok()) return absl::OkStatus();  // nothing in it
    opened = true;
    RETURN_IF_ERROR(TellRecord(entry, i, verdicts));
  }
  return absl::OkStatus();
}

Json Trace::RowOf(const ledger::v1::LedgerEntry& entry, size_t record, ledger::Verdict verdict) const {
  return {{"kind", "occurrence"},
          {"resource", resource_.name},
          {"verdict", ledger::NameOf(verdict)},
          {"why", WhyOf(verdict)},
          {"lane", entry.lane()},
          {"ledger_sequence", entry.sequence()},
          {"record", record},
          {"run", entry.batch().publisher_epoch()},
          {"snapshot", entry.batch().snapshot_id() == 0 ? Json() : Json(entry.batch().snapshot_id())},
          {"partition", entry.batch().partition()},
          {"received", TimeJson(entry.batch().receive_time())},
          {"decided", TimeJson(entry.commit_time())}};
}

absl::Status Trace::TellRecord(const ledger::v1::LedgerEntry& entry, size_t record,
                               const std::vector<ledger::Verdict>& verdicts) {
  ++occurrences_;
  Json row = RowOf(entry, record, verdicts[record]);
  row["file"] = FileOf(batch_.header, batch_.columns, record);
  row["row"] = batch_.columns.row[record];
  row["operation"] = OperationText(batch_.columns.operation[record]);
  if (batch_.columns.operation[record] == record::Operation::kUnreadable) {
    const auto rejected = record::DecodeRejectedRow(batch_.record(record));
    if (rejected.ok()) row["why"] = rejected->reason + ": " + rejected->detail;
    row["key"] = nullptr;
    row["items"] = nullptr;
  } else {
    const record::RecordSchema& schema = SchemaOf(resource_, batch_.header.schema_version);
    row["key"] = KeyJson(schema, nullptr, batch_.record(record));
    row["items"] = ItemsJson(schema, nullptr, batch_.record(record));
  }
  row["deliveries"] = Deliveries(entry, record, verdicts);
  row["kept"] = true;
  question_.out.Row(row);
  return absl::OkStatus();
}

// The batch is gone. What the index had to learn is in the ledger itself, so what was accepted is still found.
absl::Status Trace::TellDropped(const ledger::v1::LedgerEntry& entry, const std::vector<ledger::Verdict>& verdicts) {
  incomplete_ = true;
  ledger::AdmittedColumns admitted;
  RETURN_IF_ERROR(ledger::DecodeAdmitted(entry.batch().admitted(), verdicts, entry.batch().entity(), admitted));
  for (size_t i = 0; i < admitted.size(); ++i) {
    if (admitted.key[i] != place_.digest) continue;
    ++occurrences_;
    Json row = RowOf(entry, admitted.record[i], admitted.verdict[i]);
    for (const char* unknown : {"file", "row", "operation", "key", "items"}) row[unknown] = nullptr;
    row["deliveries"] = Deliveries(entry, admitted.record[i], verdicts);
    row["kept"] = false;
    question_.out.Row(row);
  }
  return absl::OkStatus();
}

Json Trace::Fate(const std::string& subscription, uint32_t subscription_id, bool again, uint32_t lane,
                 uint64_t sequence) const {
  std::string reason;
  const char* fate = receipts_.FateOf(subscription_id, again, lane, sequence, reason);
  Json json = {
      {"subscription", subscription}, {"state", fate}, {"lane", lane}, {"sequence", sequence}, {"again", again}};
  if (!reason.empty()) json["reason"] = reason;
  return json;
}

std::optional<Json> Trace::AgainDelivery(const catalog::Subscription& subscription, const Accepted& accepted) const {
  for (const SentAgain& one : sent_again_) {
    const bool same_input = one.subscription == subscription.id && one.input_partition == accepted.partition &&
                            one.input_position == accepted.input_position;
    if (!same_input || accepted.record >= batch_.size() || one.row != batch_.columns.row[accepted.record]) continue;
    if (one.file != FileOf(batch_.header, batch_.columns, accepted.record)) continue;
    return Fate(subscription.name, subscription.id, true, one.lane, one.sequence);
  }
  return std::nullopt;
}

Json Trace::Deliveries(const ledger::v1::LedgerEntry& entry, size_t record,
                       const std::vector<ledger::Verdict>& verdicts) const {
  if (!ledger::IsAccepted(verdicts[record])) return Json::array();
  uint64_t rank = 0;
  for (size_t i = 0; i < record; ++i) rank += ledger::IsAccepted(verdicts[i]) ? 1 : 0;
  const auto& batch = entry.batch();
  return Deliveries({entry.lane(), batch.partition(), batch.input_position(), record, rank}, batch.outputs());
}

template <typename Outputs>
Json Trace::Deliveries(const Accepted& accepted, const Outputs& outputs) const {
  Json deliveries = Json::array();
  for (const auto& [id, subscription] : table_.subscriptions()) {
    const catalog::View* view = table_.FindView(subscription.view_id);
    if (view == nullptr || view->resource_id != resource_.id) continue;
    uint64_t start = 0;
    question_.exchange.InspectLane(accepted.lane, [&, subscription_id = id](const pipeline::LaneView& lane) {
      const auto it = lane.state.subscriptions.find(subscription_id);
      if (it != lane.state.subscriptions.end()) start = it->second.start_sequence;
    });
    bool in_stream = false;
    for (const auto& output : outputs) {
      const uint64_t sequence = output.first_sequence() + accepted.rank;
      if (output.view_id() != view->id || accepted.rank >= output.records() || start == 0 || sequence < start) continue;
      deliveries.push_back(Fate(subscription.name, id, false, accepted.lane, sequence));
      in_stream = true;
    }
    if (in_stream) continue;
    if (auto again = AgainDelivery(subscription, accepted)) deliveries.push_back(*std::move(again));
  }
  return deliveries;
}

absl::Status Trace::TellPresent() {
  if (!place_.partition) return absl::OkStatus();  // events have no present state
  std::optional<index::EntityEntry> known;
  const uint32_t lane = catalog::LaneOf(resource_, *place_.partition, question_.exchange.lanes());
  question_.exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
    const index::EntityIndex* index = view.entity_index(resource_.id, *place_.partition);
    const index::EntityEntry* entry = index == nullptr ? nullptr : index->Find(place_.digest);
    if (entry != nullptr) known = *entry;
  });
  if (!known) return absl::OkStatus();
  Json row = {{"kind", "present"},
              {"resource", resource_.name},
              {"digest", base::ToHex(place_.digest)},
              {"state", known->deleted != 0 ? "deleted" : "present"},
              {"version", known->version},
              {"first_seen",
               {{"lane", lane},
                {"ledger_sequence", uint64_t{known->first_sequence}},
                {"record", uint64_t{known->first_record}}}},
              {"key", nullptr},
              {"items", nullptr},
              {"file", nullptr},
              {"row", nullptr}};
  if (known->content_position != index::kNoContent) {
    const auto message =
        question_.exchange.broker().ReadAt({resource_.publish_topic(), *place_.partition}, known->content_position);
    if (message.ok() && record::DecodeBatch(message->body.bytes(), batch_).ok() &&
        known->content_record < batch_.size()) {
      const record::RecordSchema& schema = SchemaOf(resource_, batch_.header.schema_version);
      row["key"] = KeyJson(schema, nullptr, batch_.record(known->content_record));
      row["items"] = ItemsJson(schema, nullptr, batch_.record(known->content_record));
      row["file"] = FileOf(batch_.header, batch_.columns, known->content_record);
      row["row"] = batch_.columns.row[known->content_record];
    }
  }
  question_.out.Row(row);
  return absl::OkStatus();
}

absl::Status DoesNotFit(const catalog::Resource& resource, const std::string& key) {
  std::string names;
  const record::RecordSchema& schema = *resource.schema;
  for (const uint32_t item : schema.key_items.empty() ? schema.id_items : schema.key_items) {
    names += (names.empty() ? "" : ",") + schema.items[item].name;
  }
  return ToStatus({.code = Code::kKeyDoesNotFit,
                   .what = "'" + key + "' is no key of resource '" + resource.name + "'",
                   .why = names.empty() ? "its records are known by their content" : "a key is " + names,
                   .next = names.empty() ? "give the record's id, 32 hexadecimal digits" : ""});
}

}  // namespace

absl::StatusOr<Json> AnswerTrace(Question& question) {
  const std::string key = question.params.Required("key");
  const std::string only = question.params.Text("resource");
  RETURN_IF_ERROR(question.params.Check());
  const auto table = question.exchange.catalog();
  if (!only.empty()) RETURN_IF_ERROR(ResourceNamed(*table, only).status());
  ASSIGN_OR_RETURN(const Receipts receipts, ReadReceipts(question.exchange.broker()));
  const auto as_digest = base::DigestFromHex(key);

  uint64_t occurrences = 0;
  bool incomplete = false;
  for (const auto& [id, resource] : table->resources()) {
    if (!only.empty() && resource.name != only) continue;
    std::vector<KeyPlace> places;
    const catalog::KeyDomain* domain = table->FindKeyDomain(resource.key_domain_id);
    if (domain != nullptr) {
      if (auto place = KeyOf(resource, *domain, key)) places.push_back(*place);
    }
    if (as_digest.ok()) places.push_back(PlaceOf(resource, *as_digest));  // a key may look like one, too
    if (places.empty() && !only.empty()) return DoesNotFit(resource, key);
    for (const KeyPlace& place : places) {
      Trace trace(question, *table, resource, place, receipts);
      RETURN_IF_ERROR(trace.Run());
      occurrences += trace.occurrences();
      incomplete = incomplete || trace.incomplete();
    }
  }
  if (occurrences == 0) {
    return ToStatus({.code = Code::kKeyNotFound,
                     .what = "nothing is known of '" + key + "'" + (only.empty() ? "" : " in resource '" + only + "'"),
                     .why = incomplete ? "part of the history is no longer kept" : "",
                     .next = "a key is written as the record has it, several key items joined by commas; "
                             "rows that could not be read are in `datong quarantine list`"});
  }
  return Json{{"occurrences", occurrences}, {"incomplete", incomplete}};
}

}  // namespace datong::admin
