// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <optional>

#include "exchange_core/admin/question.h"
#include "exchange_core/admin/record_text.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::admin {
namespace {

using node::SnapshotBooks;

const char* StateText(SnapshotBooks::State state) {
  switch (state) {
    case SnapshotBooks::State::kReading:
      return "reading";
    case SnapshotBooks::State::kJudged:
      return "judging";
    case SnapshotBooks::State::kHeld:
      return "held";
    case SnapshotBooks::State::kReleasing:
      return "taking effect";
    case SnapshotBooks::State::kReleased:
      return "released";
    case SnapshotBooks::State::kDropped:
      return "dropped";
  }
  return "unknown";
}

const char* KindText(SnapshotBooks::Sample::Kind kind) {
  switch (kind) {
    case SnapshotBooks::Sample::Kind::kInsert:
      return "insert";
    case SnapshotBooks::Sample::Kind::kUpdate:
      return "update";
    case SnapshotBooks::Sample::Kind::kDelete:
      return "delete";
    case SnapshotBooks::Sample::Kind::kConflict:
      return "conflict";
  }
  return "unknown";
}

uint64_t CountOf(const SnapshotBooks& books, ledger::Verdict verdict) {
  const auto found = books.verdicts.find(verdict);
  return found == books.verdicts.end() ? 0 : found->second;
}

// Before the decision: what was found. After it: what has become of it.
Json NumbersOf(const SnapshotBooks& books) {
  using ledger::Verdict;
  const bool done = books.state == SnapshotBooks::State::kReleased || books.state == SnapshotBooks::State::kReleasing ||
                    books.state == SnapshotBooks::State::kDropped;
  uint64_t quarantined = 0;
  for (const auto& [verdict, records] : books.verdicts) quarantined += ledger::IsQuarantined(verdict) ? records : 0;
  const auto& found = books.reported;
  return {{"inserted", done ? CountOf(books, Verdict::kInserted) : found.inserts},
          {"updated", done ? CountOf(books, Verdict::kUpdated) : found.updates},
          {"deleted", done ? books.generated_deletes : found.deletes},
          {"unchanged", CountOf(books, Verdict::kUnchanged) + CountOf(books, Verdict::kUnchangedNewer)},
          {"duplicate", CountOf(books, Verdict::kDuplicate)},
          {"stale", CountOf(books, Verdict::kStale)},
          {"quarantined", quarantined},
          {"staged", CountOf(books, Verdict::kStaged)}};
}

Json RowOf(const SnapshotBooks& books) {
  Json row = {{"snapshot", books.snapshot}, {"resource", books.resource},      {"source", books.source},
              {"file", books.file},         {"state", StateText(books.state)}, {"rows", books.rows}};
  row.update(NumbersOf(books));
  Json stops = Json::array();
  for (const SnapshotBooks::Stop& stop : books.stops) stops.push_back(stop.code);
  row["stops"] = stops;
  row["as_of"] = TimeJson(books.as_of);
  row["begun"] = TimeJson(books.begun_time);
  row["ended"] = TimeJson(books.ended_time);
  row["decided"] = TimeJson(books.decided_time);
  row["by"] = books.by;
  row["why"] = books.why;
  return row;
}

}  // namespace

std::string SnapshotLine(const node::SnapshotBooks& books) {
  const Json numbers = NumbersOf(books);
  std::string line = absl::StrCat("snapshot ", books.snapshot, " of ", books.resource, ", ", books.file, ": ",
                                  StateText(books.state), "; read ", books.rows);
  for (const char* name :
       {"inserted", "updated", "deleted", "unchanged", "duplicate", "stale", "quarantined", "staged"}) {
    if (const uint64_t records = numbers.at(name); records != 0) absl::StrAppend(&line, ", ", name, " ", records);
  }
  for (const SnapshotBooks::Stop& stop : books.stops) absl::StrAppend(&line, "; ", stop.code, ": ", stop.text);
  if (!books.why.empty()) absl::StrAppend(&line, "; ", books.why);
  return line;
}

namespace {

absl::StatusOr<SnapshotBooks> SnapshotNumbered(node::Exchange& exchange, uint64_t number) {
  for (SnapshotBooks& books : exchange.snapshots()) {
    if (books.snapshot == number) return std::move(books);
  }
  return ToStatus({.code = Code::kNoSuchSnapshot,
                   .what = absl::StrCat("there is no snapshot ", number),
                   .next = "`datong snapshot list --all` lists them"});
}

// The record a sample points to; what retention has dropped since is told without content. What a change was before is
// known only while it waits: afterwards the index holds what it became.
Json SampleRow(Question& question, const catalog::Resource& resource, const SnapshotBooks::Sample& sample,
               bool is_waiting) {
  Json row = {{"kind", "sample"}, {"change", KindText(sample.kind)},
              {"key", nullptr},   {"items", nullptr},
              {"file", nullptr},  {"row", nullptr},
              {"before", nullptr}};
  const auto open = [&](broker::Position position, record::RecordBatch& batch) {
    const auto message = question.exchange.broker().ReadAt({resource.publish_topic(), sample.partition}, position);
    return message.ok() && record::DecodeBatch(message->body.bytes(), batch).ok();
  };
  record::RecordBatch batch;
  if (!open(sample.position, batch) || sample.record >= batch.size()) return row;
  const record::RecordSchema& schema = SchemaOf(resource, batch.header.schema_version);
  row["key"] = KeyJson(schema, nullptr, batch.record(sample.record));
  row["items"] = ItemsJson(schema, nullptr, batch.record(sample.record));
  row["file"] = FileOf(batch.header, batch.columns, sample.record);
  row["row"] = batch.columns.row[sample.record];
  if (sample.kind != SnapshotBooks::Sample::Kind::kUpdate || !is_waiting) return row;
  std::optional<index::EntityEntry> known;
  const uint32_t lane = catalog::LaneOf(resource, sample.partition, question.exchange.lanes());
  question.exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
    const index::EntityIndex* index = view.entity_index(resource.id, sample.partition);
    const index::EntityEntry* entry = index == nullptr ? nullptr : index->Find(batch.columns.key[sample.record]);
    if (entry != nullptr) known = *entry;
  });
  record::RecordBatch before;
  if (known && known->content_position != sample.position && open(known->content_position, before) &&
      known->content_record < before.size()) {
    row["before"] =
        ItemsJson(SchemaOf(resource, before.header.schema_version), nullptr, before.record(known->content_record));
  }
  return row;
}

absl::StatusOr<Json> Decide(Question& question, bool confirm) {
  const uint64_t number = question.params.Count("snapshot", 0);
  const std::string why = question.params.Required("why");
  const std::string by = question.params.Text("by");
  RETURN_IF_ERROR(question.params.Check());
  ASSIGN_OR_RETURN(const SnapshotBooks books, SnapshotNumbered(question.exchange, number));
  const absl::Status decided =
      confirm ? question.exchange.ConfirmSnapshot(number, by, why) : question.exchange.RejectSnapshot(number, by, why);
  if (absl::IsFailedPrecondition(decided)) {
    return ToStatus({.code = Code::kSnapshotNotHeld,
                     .what = std::string(decided.message()),
                     .where = absl::StrCat("snapshot ", number, " of ", books.resource),
                     .next = "`datong snapshot list` shows which are held"});
  }
  if (absl::IsInvalidArgument(decided)) {
    return ToStatus({.code = Code::kBadValue,
                     .what = std::string(decided.message()),
                     .next = "say with --why what an auditor should read in a year"});
  }
  RETURN_IF_ERROR(decided);
  return Json{{"snapshot", number}, {"decision", confirm ? "confirmed" : "rejected"}, {"by", by}, {"why", why}};
}

}  // namespace

absl::StatusOr<Json> AnswerSnapshotList(Question& question) {
  const std::string resource = question.params.Text("resource");
  const bool all = question.params.Flag("all");
  RETURN_IF_ERROR(question.params.Check());
  if (!resource.empty()) RETURN_IF_ERROR(ResourceNamed(*question.exchange.catalog(), resource).status());
  std::vector<SnapshotBooks> chosen;
  uint64_t held = 0;
  for (SnapshotBooks& books : question.exchange.snapshots()) {
    if (!resource.empty() && books.resource != resource) continue;
    held += books.state == SnapshotBooks::State::kHeld ? 1 : 0;
    chosen.push_back(std::move(books));
  }
  constexpr size_t kListed = 20;
  const size_t skipped = all || chosen.size() <= kListed ? 0 : chosen.size() - kListed;
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (i >= skipped || chosen[i].state == SnapshotBooks::State::kHeld) question.out.Row(RowOf(chosen[i]));
  }
  return Json{{"snapshots", chosen.size()}, {"held", held}};
}

absl::StatusOr<Json> AnswerSnapshotShow(Question& question) {
  const uint64_t number = question.params.Count("snapshot", 0);
  RETURN_IF_ERROR(question.params.Check());
  ASSIGN_OR_RETURN(const SnapshotBooks books, SnapshotNumbered(question.exchange, number));
  Json row = RowOf(books);
  row["kind"] = "snapshot";
  row["flows"] = books.flows;
  row["failure"] = books.failure;
  row["columns"] = books.columns;
  row["source_keys"] = books.reported.source_keys;
  row["conflicting"] = books.reported.conflicting;
  row["keyless"] = books.reported.keyless;
  row["outdated"] = books.stale;
  row["superseded_by"] = books.superseded_by;
  question.out.Row(row);
  for (const SnapshotBooks::Stop& stop : books.stops) {
    question.out.Row({{"kind", "stop"}, {"stop", stop.code}, {"text", stop.text}});
  }
  const auto catalog = question.exchange.catalog();
  if (const catalog::Resource* resource = catalog->FindResource(books.resource)) {
    const bool is_waiting = books.state == SnapshotBooks::State::kHeld || books.state == SnapshotBooks::State::kJudged;
    for (const SnapshotBooks::Sample& sample : books.samples) {
      question.out.Row(SampleRow(question, *resource, sample, is_waiting));
    }
  }
  return Json{{"state", StateText(books.state)}};
}

absl::StatusOr<Json> AnswerSnapshotConfirm(Question& question) { return Decide(question, true); }
absl::StatusOr<Json> AnswerSnapshotReject(Question& question) { return Decide(question, false); }

}  // namespace datong::admin
