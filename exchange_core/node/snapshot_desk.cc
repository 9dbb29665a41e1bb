// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/snapshot_desk.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/writer_identities.h"
#include "exchange_core/record/printable.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::node {
namespace {

using exchange::v1::SnapshotDecision;
using exchange::v1::SnapshotEvent;

constexpr base::TimeUs kRetryPauseUs = 1'000'000;
constexpr base::TimeUs kLookAgainUs = 1'000'000;
constexpr size_t kReasonBytesMax = 2000;

}  // namespace

std::optional<base::TimeUs> AsOfOfRows(const SourceRun& run, const snapshot::SnapshotState& reported) {
  base::TimeUs latest = 0;
  for (const auto& [partition, report] : reported.reports) latest = std::max(latest, report.event_time_max());
  if (!run.as_of_from_items || latest == 0) return std::nullopt;
  return latest;
}

snapshot::SnapshotFacts FactsOf(const snapshot::SnapshotState& reported, const SourceRun& run,
                                const record::RecordSchema& schema, std::optional<uint64_t> last_rows) {
  snapshot::SnapshotFacts facts;
  std::map<uint32_t, std::string> names;
  for (const record::Item& item : schema.items) names[item.field_number] = item.name;
  std::vector<uint64_t> absent, inserted;
  for (const auto& [partition, report] : reported.reports) {
    snapshot::AddReport(report, names, facts);
    absent.insert(absent.end(), report.absent_sketch().begin(), report.absent_sketch().end());
    inserted.insert(inserted.end(), report.inserted_sketch().begin(), report.inserted_sketch().end());
  }
  facts.respelled_share = snapshot::RespelledShare(std::move(absent), std::move(inserted));
  facts.last_rows = last_rows;
  facts.columns = snapshot::FindColumnDifferences(schema, run.columns);
  facts.flows = run.flows;
  return facts;
}

SnapshotDesk::SnapshotDesk(ExchangeState& state)
    : state_(state),
      tail_(*state.options.broker, snapshot::kSnapshotsTopic, [this](std::string_view body) -> absl::Status {
        ASSIGN_OR_RETURN(const SnapshotEvent event, snapshot::DecodeSnapshotEvent(body));
        news_ = true;
        return Take(event);
      }) {}

absl::Status SnapshotDesk::Take(const SnapshotEvent& event) {
  const auto is_known = [&] {
    const std::lock_guard tables(state_.tables);
    return state_.sources.runs().contains(event.snapshot());
  };
  if (!is_known()) RETURN_IF_ERROR(state_.sources_tail.Follow());
  const std::lock_guard tables(state_.tables);
  // A report of lanes about marks that took the number of another resource's or source's run.
  const auto run = state_.sources.runs().find(event.snapshot());
  const bool is_anothers = run != state_.sources.runs().end() && (run->second.resource_id != event.resource_id() ||
                                                                  run->second.source_id != event.source_id());
  return is_anothers ? absl::OkStatus() : state_.snapshots.Apply(event);
}

absl::Status SnapshotDesk::Recover() {
  const std::lock_guard lock(mutex_);
  return tail_.CatchUp();
}

base::StepResult SnapshotDesk::Step() {
  const std::lock_guard lock(mutex_);
  const absl::StatusOr<bool> news = TakeNews();
  const absl::StatusOr<bool> decided = news.ok() ? JudgeReported() : news;
  trouble_ = decided.status();
  if (decided.ok()) {
    if (*news) state_.WakeLanes();  // they wait for decisions
    if (*news || *decided) return base::StepResult::Busy();
    // As in a lane: others may report while nobody wakes for it.
    return state_.options.works_on ? base::StepResult::IdleUntil(state_.options.clock->Steady() + kLookAgainUs)
                                   : base::StepResult::Idle();
  }
  writer_.reset();  // whether it landed, the topic says
  return base::StepResult::IdleUntil(state_.options.clock->Steady() + kRetryPauseUs);
}

absl::Status SnapshotDesk::trouble() {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

absl::StatusOr<bool> SnapshotDesk::TakeNews() {
  RETURN_IF_ERROR(tail_.Follow());
  if (!news_) return false;
  RETURN_IF_ERROR(state_.sources_tail.Follow());  // lanes need the runs that decisions speak of
  news_ = false;
  return true;
}

absl::Status SnapshotDesk::TakeOver() {
  if (writer_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto writer, state_.options.broker->OpenWriter(kSnapshotsWriter));
  RETURN_IF_ERROR(state_.ConfirmHolder());
  RETURN_IF_ERROR(tail_.CatchUp());
  writer_ = std::move(writer);
  return absl::OkStatus();
}

std::vector<SnapshotDesk::Ready> SnapshotDesk::FindReported(const catalog::CatalogTable& catalog) {
  std::vector<Ready> ready;
  const std::lock_guard lock(state_.tables);
  for (const uint64_t id : state_.snapshots.undecided()) {
    const snapshot::SnapshotState& known = *state_.snapshots.Find(id);
    const catalog::Resource* resource = catalog.FindResource(known.resource_id);
    const auto run = state_.sources.runs().find(id);
    if (resource == nullptr || run == state_.sources.runs().end() || !run->second.ended) continue;
    // What somebody reported under this number before the run was known is not about it.
    if (run->second.resource_id != known.resource_id || run->second.source_id != known.source_id) continue;
    if (known.reports.size() == resource->partitions) ready.push_back({id, known, run->second});
  }
  return ready;
}

absl::StatusOr<bool> SnapshotDesk::JudgeReported() {
  if (!state_.Leads()) {
    writer_.reset();
    return false;
  }
  {
    const std::lock_guard lock(state_.tables);
    if (state_.snapshots.undecided().empty()) return false;
  }
  RETURN_IF_ERROR(state_.sources_tail.Follow());  // lanes may have learned of its end before the table did
  const auto catalog = state_.Catalog();
  if (FindReported(*catalog).empty()) return false;
  RETURN_IF_ERROR(TakeOver());
  const std::vector<Ready> ready = FindReported(*catalog);
  for (const Ready& one : ready) {
    RETURN_IF_ERROR(Judge(one.snapshot, one.run, *catalog->FindResource(one.reported.resource_id), one.reported));
  }
  return !ready.empty();
}

absl::Status SnapshotDesk::Judge(uint64_t snapshot, const SourceRun& run, const catalog::Resource& resource,
                                 const snapshot::SnapshotState& reported) {
  SnapshotDecision decision;
  base::TimeUs as_of = run.as_of_declared ? run.as_of : 0;
  if (const auto of_rows = AsOfOfRows(run, reported)) as_of = *of_rows;
  std::optional<uint64_t> last_rows;
  base::TimeUs last_as_of = 0;
  uint32_t last_file_sequence = 0;
  {
    const std::lock_guard lock(state_.tables);
    if (const auto* last = state_.snapshots.Find(state_.snapshots.LastReleasedOf(reported.source_id))) {
      last_rows = last->rows();
      last_as_of = last->decision->as_of();
      last_file_sequence = state_.sources.runs().at(state_.snapshots.LastReleasedOf(reported.source_id)).file_sequence;
    }
  }
  const snapshot::SnapshotFacts facts = FactsOf(reported, run, *resource.schema, last_rows);
  if (!run.complete) {
    decision.set_action(SnapshotDecision::DROP);
    decision.set_why(run.failure);
  } else if (facts.rows != run.rows_published) {
    decision.set_action(SnapshotDecision::DROP);
    decision.set_why(absl::StrCat("its source published ", run.rows_published, " rows, ", facts.rows, " were found"));
  } else if (as_of != 0 && as_of < last_as_of) {
    decision.set_action(SnapshotDecision::DROP);
    decision.set_stale(true);
    decision.set_why("it is older than the last released one");
  } else if (run.file_sequence < last_file_sequence) {
    decision.set_action(SnapshotDecision::DROP);
    decision.set_stale(true);
    decision.set_why("this file was first read before the last released one; --as-new makes it the newest");
  } else if (const std::vector<snapshot::Stop> stops = FindStops(resource.snapshots, facts); !stops.empty()) {
    decision.set_action(SnapshotDecision::HOLD);
    for (const snapshot::Stop& stop : stops) {
      auto* to = decision.add_stops();
      to->set_code(stop.code);
      to->set_text(stop.text);
    }
  } else {
    decision.set_action(SnapshotDecision::RELEASE);
  }
  decision.set_as_of(std::max(as_of, last_as_of));
  return Write(snapshot, reported, std::move(decision));
}

absl::Status SnapshotDesk::Write(uint64_t snapshot, const snapshot::SnapshotState& about, SnapshotDecision decision) {
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  SnapshotEvent event;
  event.set_resource_id(about.resource_id);
  event.set_source_id(about.source_id);
  event.set_time(state_.options.clock->Now());
  const auto append = [&](uint64_t id, SnapshotDecision what) {
    event.set_snapshot(id);
    *event.mutable_decision() = std::move(what);
    transaction->Append({snapshot::kSnapshotsTopic, 0}, "", "", broker::Body(snapshot::EncodeSnapshotEvent(event)));
  };
  const bool released = decision.action() == SnapshotDecision::RELEASE;
  append(snapshot, std::move(decision));
  if (released) {
    const std::lock_guard lock(state_.tables);
    for (const auto& [id, known] : state_.snapshots.snapshots()) {
      if (id >= snapshot || known.source_id != about.source_id || !known.is_held()) continue;
      SnapshotDecision superseded;
      *superseded.mutable_stops() = known.decision->stops();
      superseded.set_action(SnapshotDecision::DROP);
      superseded.set_superseded_by(snapshot);
      superseded.set_why(absl::StrCat("snapshot ", snapshot, " was released in its place"));
      append(id, std::move(superseded));
    }
  }
  RETURN_IF_ERROR(transaction->Commit());
  state_.options.steps->Reached("snapshot.decided");
  return absl::OkStatus();
}

// Rows that came later from the same source were judged against what is known without this one. Those that changed
// something stand in the index and stay. Those that changed nothing left no trace there: it would be put over them.
// Nothing is left of a later one that was dropped while its changes waited.
std::string SnapshotDesk::LaterThan(const SourceRun& run) {
  std::vector<SourceRun> later;
  {
    const std::lock_guard tables(state_.tables);
    const auto& runs = state_.sources.runs();
    for (auto other = runs.upper_bound(run.run); other != runs.end(); ++other) {
      if (other->second.source_id == run.source_id) later.push_back(other->second);
    }
  }
  for (const SourceRun& other : later) {
    if (!other.snapshot) {
      if (!ChangedAll(other)) {
        return absl::StrCat("rows of ", other.name, " that changed nothing came later from the same source; hand the ",
                            "dump over again");
      }
      continue;
    }
    const std::lock_guard tables(state_.tables);
    const snapshot::SnapshotState* known = state_.snapshots.Find(other.run);
    const bool is_undecided = known == nullptr || !known->decision;
    if (!is_undecided && !known->is_held() && !known->is_released() && !other.flows) continue;
    return absl::StrCat("snapshot ", other.run, " of the same source came later",
                        is_undecided       ? " and is still being read"
                        : known->is_held() ? "; decide that one"
                                           : "; hand the dump over again");
  }
  return "";
}

// Whether every row of the run is decided and in the index, or held back.
bool SnapshotDesk::ChangedAll(const SourceRun& run) {
  uint64_t decided = 0, without_trace = 0;
  for (const auto& lane : state_.lanes) {
    lane->CatchUp().IgnoreError();  // one that lags has decided fewer, so nothing is confirmed for it
    lane->Inspect([&](const pipeline::LaneView& view) {
      const auto known = view.state.runs.find({run.resource_id, run.run});
      if (known == view.state.runs.end()) return;
      for (const auto& [verdict, records] : known->second.verdicts) {
        decided += records;
        if (ledger::OutcomeOf(verdict) == ledger::Outcome::kUnchanged) without_trace += records;
      }
    });
  }
  return decided == run.rows_published && without_trace == 0;
}

absl::Status SnapshotDesk::DecideHeld(uint64_t snapshot, bool confirm, const std::string& by, const std::string& why) {
  const std::lock_guard order(state_.source_order);  // no source begins another one meanwhile
  const std::lock_guard lock(mutex_);
  RETURN_IF_ERROR(TakeOver());
  RETURN_IF_ERROR(TakeNews().status());
  RETURN_IF_ERROR(state_.sources_tail.Follow());
  snapshot::SnapshotState held;
  SourceRun run;
  {
    const std::lock_guard tables(state_.tables);
    const snapshot::SnapshotState* known = state_.snapshots.Find(snapshot);
    const auto read = state_.sources.runs().find(snapshot);
    if (read == state_.sources.runs().end() || !read->second.snapshot) {
      return absl::NotFoundError(absl::StrCat("there is no snapshot ", snapshot));
    }
    if (known == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("snapshot ", snapshot, " is still being read; hand ",
                                                        read->second.name, " over again and it goes on"));
    }
    held = *known;
    run = read->second;
  }
  if (!held.is_held()) {
    return absl::FailedPreconditionError(
        absl::StrCat("snapshot ", snapshot, held.is_final() ? " is decided already" : " is not judged yet"));
  }
  if (absl::StripAsciiWhitespace(base::Absl(why)).empty()) return absl::InvalidArgumentError("a reason is needed");
  SnapshotDecision decision;
  *decision.mutable_stops() = held.decision->stops();  // what was overruled, or not
  decision.set_action(confirm ? SnapshotDecision::RELEASE : SnapshotDecision::DROP);
  decision.set_by(record::Printable(by, kReasonBytesMax));
  decision.set_why(record::Printable(why, kReasonBytesMax));
  if (confirm) {
    if (const std::string later = LaterThan(run); !later.empty()) return absl::FailedPreconditionError(later);
    const auto catalog = state_.Catalog();
    const catalog::Resource* resource = catalog->FindResource(held.resource_id);
    if (resource == nullptr) return absl::FailedPreconditionError("its resource is retired");
    if (snapshot::FindColumnDifferences(*resource->schema, run.columns).key_dropped) {
      return absl::FailedPreconditionError("an item of the key has no column in it: none of its rows could be read");
    }
    decision.set_as_of(held.decision->as_of());
  }
  const absl::Status written = Write(snapshot, held, std::move(decision));
  if (!written.ok()) {
    writer_.reset();
    return written;
  }
  RETURN_IF_ERROR(TakeNews().status());
  state_.WakeLanes();
  return absl::OkStatus();
}

absl::Status SnapshotDesk::Confirm(uint64_t snapshot, const std::string& by, const std::string& why) {
  return DecideHeld(snapshot, true, by, why);
}
absl::Status SnapshotDesk::Reject(uint64_t snapshot, const std::string& by, const std::string& why) {
  return DecideHeld(snapshot, false, by, why);
}

}  // namespace datong::node
