// SPDX-License-Identifier: Apache-2.0
#include "cli/import_files.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cli/connector_factory.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

using admin::Code;
using admin::Json;
using admin::Problem;

constexpr int64_t kLookMs = 30;
enum class Wait { kPublished, kDecided, kApplied };

struct ImportRequest {
  std::string resource;
  std::vector<std::string> files;
  bool full = false;
  bool as_new = false;
  Wait wait = Wait::kDecided;
  file::FileSourceOptions dialect;
};

absl::StatusOr<ImportRequest> ReadRequest(admin::Params& params) {
  ImportRequest request;
  request.resource = params.Required("resource");
  request.files = params.Texts("files");
  request.full = params.Choice("mode", {"append", "full"}) == "full";
  request.as_new = params.Flag("as_new");
  const std::string wait = params.Choice("wait", {"decided", "published", "applied"});
  request.wait = wait == "published" ? Wait::kPublished : wait == "applied" ? Wait::kApplied : Wait::kDecided;
  std::map<std::string, std::string> options;
  for (const char* name : {"format", "encoding", "delimiter", "title_lines", "header", "ragged", "trailer", "as_of"}) {
    if (std::string text = params.Text(name); !text.empty()) options[name] = std::move(text);
  }
  for (const char* name : {"columns", "manifest"}) {
    std::string lines;
    for (const std::string& line : params.Texts(name)) lines += (lines.empty() ? "" : "\n") + line;
    if (!lines.empty()) options[name] = std::move(lines);
  }
  RETURN_IF_ERROR(params.Check());
  if (!request.full && options.contains("as_of")) {
    return admin::ToStatus({.code = Code::kBadValue,
                            .what = "--as-of is for full dumps",
                            .next = "datong import RESOURCE FILE... --mode full --as-of " + options["as_of"]});
  }
  RETURN_IF_ERROR(ReadDialect(options, request.dialect));
  // Whoever names dumps by a pattern names what is stated beside them as well.
  std::erase_if(request.files,
                [&](const std::string& file) { return file::IsManifestName(request.dialect.manifest, file); });
  if (request.files.empty()) {
    return admin::ToStatus(
        {.code = Code::kBadValue, .what = "no file is named", .next = "datong import RESOURCE FILE..."});
  }
  request.dialect.paths = request.files;
  request.dialect.read_again = true;
  return request;
}

// One import at work: its source, the runs it makes, what went wrong.
class ImportRun {
 public:
  ImportRun(ExchangeHolder& holder, ConnectorHost& connectors, ImportRequest request, admin::Responder& out)
      : holder_(holder),
        connectors_(connectors),
        exchange_(holder.exchange()),
        request_(std::move(request)),
        out_(out) {}

  absl::StatusOr<Json> Run() {
    source_ = "import:" + request_.resource;
    refused_before_ = RefusedBySinks();
    for (const node::RunBooks& run : exchange_.runs()) {
      // A run that was begun and not ended is taken up again under its number.
      if (run.source == source_ && run.state != node::RunBooks::State::kReceiving)
        first_run_ = std::max(first_run_, run.run + 1);
    }
    RETURN_IF_ERROR(Publish());
    if (request_.wait != Wait::kPublished) RETURN_IF_ERROR(AwaitDecided());
    if (request_.wait == Wait::kApplied) RETURN_IF_ERROR(AwaitApplied());
    return Summarise();
  }

 private:
  absl::Status Publish();
  absl::Status AwaitDecided();
  absl::Status AwaitApplied();
  absl::Status Pause(const char* phase);
  bool SnapshotsAtWork() const;
  bool WaitsForItsEnd(const node::RunBooks& run) const;
  void AddHeld(std::vector<Problem>& problems) const;
  bool AppliedBy(const std::string& subscription, const std::vector<node::RunBooks>& runs) const;
  std::vector<std::string> SubscriptionsWithSink(std::vector<std::string>* without) const;
  std::vector<node::RunBooks> Runs() const;
  uint64_t RefusedBySinks() const;
  Json Summarise();
  void NoteProgress(const runner::SourceProgress& progress);

  ExchangeHolder& holder_;
  ConnectorHost& connectors_;
  node::Exchange& exchange_;
  const ImportRequest request_;
  admin::Responder& out_;
  std::string source_;
  uint64_t first_run_ = 0;
  uint64_t refused_before_ = 0;
  std::optional<Problem> stopped_;        // what stopped the source before its last file
  std::vector<std::string> not_applied_;  // subscriptions whose sink did not get through
  std::vector<std::string> ignored_columns_;
};

absl::Status ImportRun::Publish() {
  runner::SourceRunnerOptions options;
  options.source = source_;
  options.resource = request_.resource;
  options.full = request_.full;
  options.as_new = request_.as_new;
  const Ground& ground = holder_.ground();
  options.row_memory_directory = holder_.row_memory_directory();
  options.files = &ground.files;
  runner::SourceRunner runner(options, file::NewFileSource(request_.dialect, ground.files, ground.steps),
                              exchange_.client(), holder_.scheduler(), ground.clock, ground.random, ground.steps);
  holder_.scheduler().Add(runner);
  absl::Status ended;
  runner::SourceProgress progress;
  while (true) {
    progress = runner.progress();
    if (!progress.ignored_columns.empty()) ignored_columns_ = progress.ignored_columns;
    if (progress.state == runner::SourceProgress::State::kFinished) break;
    if (progress.state == runner::SourceProgress::State::kFailed) break;
    NoteProgress(progress);
    ended = exchange_.Health();
    if (ended.ok() && !out_.Pause(kLookMs)) ended = absl::CancelledError("interrupted");
    if (!ended.ok()) break;
  }
  holder_.scheduler().Remove(runner);
  if (progress.state == runner::SourceProgress::State::kFailed) {
    stopped_ = Problem{.code = progress.error.retryable ? Code::kSourceStopped : Code::kSourceRefused,
                       .what = progress.error.message,
                       .next = progress.error.hint,
                       .detail = progress.error.code};
  }
  return ended;
}

void ImportRun::NoteProgress(const runner::SourceProgress& progress) {
  out_.Progress(
      {{"phase", progress.state == runner::SourceProgress::State::kWaiting ? progress.error.Text() : "reading"},
       {"file", progress.unit},
       {"bytes_read", progress.bytes_read},
       {"bytes_total", progress.bytes_total},
       {"rows", progress.rows_published}});
}

std::vector<node::RunBooks> ImportRun::Runs() const {
  std::vector<node::RunBooks> mine;
  for (node::RunBooks& run : exchange_.runs()) {
    if (run.source == source_ && run.run >= first_run_) mine.push_back(std::move(run));
  }
  return mine;
}

absl::Status ImportRun::Pause(const char* phase) {
  uint64_t rows = 0;
  for (const node::RunBooks& run : Runs()) rows += run.decided;
  out_.Progress({{"phase", phase}, {"rows", rows}});
  RETURN_IF_ERROR(exchange_.Health());
  return out_.Pause(kLookMs) ? absl::OkStatus() : absl::CancelledError("interrupted");
}

absl::Status ImportRun::AwaitDecided() {
  while (true) {
    const std::vector<node::RunBooks> runs = Runs();
    const bool decided = std::all_of(runs.begin(), runs.end(),
                                     [](const node::RunBooks& run) { return run.decided >= run.rows_published; });
    if (decided && !SnapshotsAtWork()) return absl::OkStatus();
    RETURN_IF_ERROR(Pause(decided ? "judging the dump as a whole" : "deciding"));
  }
}

// Nothing of it leaves before it is released.
bool ImportRun::WaitsForItsEnd(const node::RunBooks& run) const {
  const std::vector<node::SnapshotBooks> snapshots = exchange_.snapshots();
  return std::any_of(snapshots.begin(), snapshots.end(),
                     [&run](const node::SnapshotBooks& one) { return one.snapshot == run.run && !one.flows; });
}

// A full dump is decided as a whole, and then takes effect.
bool ImportRun::SnapshotsAtWork() const {
  using State = node::SnapshotBooks::State;
  for (const node::SnapshotBooks& one : exchange_.snapshots()) {
    if (one.source != source_ || one.snapshot < first_run_) continue;
    if (one.state == State::kJudged || one.state == State::kReleasing) return true;
  }
  return false;
}

// Subscriptions of the resource that the catalog gives a sink here; the others are somebody else's to apply.
std::vector<std::string> ImportRun::SubscriptionsWithSink(std::vector<std::string>* without) const {
  const auto table = exchange_.catalog();
  std::vector<std::string> with;
  for (const auto& [id, subscription] : table->subscriptions()) {
    const catalog::View* view = table->FindView(subscription.view_id);
    const catalog::Resource* resource = view == nullptr ? nullptr : table->FindResource(view->resource_id);
    if (resource == nullptr || resource->name != request_.resource) continue;
    if (!subscription.active || subscription.suspended) continue;
    const std::string& name = subscription.name;
    const bool has_sink = std::any_of(table->connectors().begin(), table->connectors().end(), [&](const auto& one) {
      return one.second.sink && one.second.subscription == name;
    });
    if (has_sink) {
      with.push_back(name);
    } else if (without != nullptr) {
      without->push_back(name);
    }
  }
  return with;
}

bool ImportRun::AppliedBy(const std::string& subscription, const std::vector<node::RunBooks>& runs) const {
  for (const node::RunBooks& run : runs) {
    for (const auto& one : run.subscribers) {
      if (one.subscription == subscription && one.applied < one.delivered) return false;
    }
  }
  return true;
}

absl::Status ImportRun::AwaitApplied() {
  while (true) {
    const std::vector<node::RunBooks> runs = Runs();
    bool waits = false;
    not_applied_.clear();
    for (const std::string& subscription : SubscriptionsWithSink(nullptr)) {
      if (AppliedBy(subscription, runs)) continue;
      not_applied_.push_back(subscription);
      waits = waits || connectors_.SinkOf(subscription) != ConnectorHost::SinkState::kFailed;
    }
    if (!waits) return absl::OkStatus();
    RETURN_IF_ERROR(Pause("applying"));
  }
}

uint64_t ImportRun::RefusedBySinks() const {
  uint64_t refused = 0;
  for (const auto& one : exchange_.books().subscriptions)
    refused += one.resource == request_.resource ? one.refused : 0;
  return refused;
}

Json Names(const std::vector<std::string>& names) {
  Json json = Json::array();
  for (const std::string& name : names) json.push_back(name);
  return json;
}

void ImportRun::AddHeld(std::vector<Problem>& problems) const {
  for (const node::SnapshotBooks& one : exchange_.snapshots()) {
    if (one.source != source_ || one.snapshot < first_run_ || one.state != node::SnapshotBooks::State::kHeld) continue;
    std::string why;
    for (const auto& stop : one.stops) why += (why.empty() ? "" : "; ") + stop.text;
    problems.push_back({.code = Code::kSnapshotHeld,
                        .what = "the full dump is held: nothing of it takes effect",
                        .where = one.file,
                        .why = why,
                        .next = absl::StrCat("datong snapshot show ", one.snapshot, ", then confirm or reject it")});
  }
}

Json ImportRun::Summarise() {
  uint64_t rows = 0, accepted = 0, held_back = 0, failed = 0, deleted = 0;
  std::vector<Problem> problems;
  const std::vector<node::RunBooks> runs = Runs();
  for (const node::RunBooks& run : runs) {
    out_.Row(admin::FileRow(run));
    rows += run.rows_published;
    deleted += run.generated_deletes;
    for (const auto& [verdict, records] : run.verdicts) {
      if (ledger::IsAccepted(verdict)) accepted += records;
      if (ledger::IsQuarantined(verdict) || verdict == ledger::Verdict::kUnauthorized) held_back += records;
    }
    if (run.state != node::RunBooks::State::kFailed) continue;
    ++failed;
    problems.push_back(
        {.code = Code::kUnitFailed,
         .what = run.failure,
         .where = run.name,
         .next = WaitsForItsEnd(run)
                     ? "nothing of the dump takes effect; import the repaired file"
                     : "rows before it stand; import the repaired file: what is known already is not delivered again"});
  }
  if (stopped_) problems.push_back(*stopped_);
  const size_t problems_before = problems.size();
  AddHeld(problems);
  const bool held = problems.size() > problems_before;
  if (held_back > 0) {
    problems.push_back({.code = Code::kRowsQuarantined,
                        .what = absl::StrCat(held_back, held_back == 1 ? " row was held back" : " rows were held back"),
                        .next = absl::StrCat("datong quarantine list --resource ", request_.resource)});
  }
  const uint64_t refused = request_.wait == Wait::kApplied ? RefusedBySinks() - refused_before_ : 0;
  if (!not_applied_.empty() || refused > 0) {
    std::string names;
    for (const std::string& name : not_applied_) names += (names.empty() ? "" : ", ") + name;
    problems.push_back({.code = Code::kNotAllApplied,
                        .what = refused > 0 ? absl::StrCat(refused, " records were refused by a sink")
                                            : "not everything was applied by: " + names,
                        .next = "datong lag; the log of the process that runs the sinks says more"});
  }
  std::vector<std::string> without_sink;
  SubscriptionsWithSink(&without_sink);

  const bool failed_all = (stopped_ || failed > 0) && rows == 0;
  Json told = Json::array();
  for (const Problem& problem : problems) told.push_back(admin::ToJson(problem));
  return {{"outcome", failed_all         ? "failed"
                      : held             ? "held"
                      : problems.empty() ? "complete"
                                         : "partly"},
          {"files", runs.size()},
          {"rows", rows},
          {"accepted", accepted},
          {"deleted", deleted},
          {"held_back", held_back},
          {"not_applied", Names(not_applied_)},
          {"without_sink", Names(without_sink)},
          {"ignored_columns", Names(ignored_columns_)},
          {"problems", told}};
}

}  // namespace

absl::StatusOr<Json> Importer::Import(admin::Params& params, admin::Responder& out) {
  ASSIGN_OR_RETURN(ImportRequest request, ReadRequest(params));
  {
    const auto table = holder_.exchange().catalog();
    ASSIGN_OR_RETURN(const catalog::Resource* named, admin::ResourceNamed(*table, request.resource));
    // Events have no snapshots: a file of theirs is read as ever, whatever the mode.
    request.dialect.full = request.full && named->schema->kind == record::ResourceKind::kEntity;
  }
  const std::string resource = request.resource;
  {
    const std::lock_guard lock(mutex_);
    if (!at_work_.insert(resource).second) {
      return admin::ToStatus({.code = Code::kImportRunning,
                              .what = "an import into '" + resource + "' is at work",
                              .next = "wait for its end: `datong files` shows how far it is"});
    }
  }
  ImportRun run(holder_, connectors_, std::move(request), out);
  absl::StatusOr<Json> result = run.Run();
  const std::lock_guard lock(mutex_);
  at_work_.erase(resource);
  return result;
}

}  // namespace datong::cli
