// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/pipeline/lane.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/little_endian.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/index/checkpoint.h"
#include "exchange_core/pipeline/again_plan.h"
#include "exchange_core/pipeline/batch_decider.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/pipeline/lane_indexes.h"
#include "exchange_core/pipeline/lane_snapshots.h"
#include "exchange_core/pipeline/replay_work.h"
#include "exchange_core/pipeline/snapshot_release.h"
#include "exchange_core/pipeline/snapshot_report.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::pipeline {
namespace {

constexpr base::TimeUs kRetryPauseUs = 1'000'000;
constexpr base::TimeUs kFollowPauseUs = 100'000;
constexpr base::TimeUs kLookAgainUs = 1'000'000;
constexpr base::TimeUs kMarkSpanUs = base::TimeUs{3600} * 1'000'000;  // an input mark speaks for an hour
constexpr size_t kAgainStepsPerCommit = 16;                           // input batches
constexpr size_t kAgainBytesPerCommit = size_t{32} << 20;             // of payload opened
constexpr char kStateSection[] = "state";
constexpr size_t kMarkBytesMax = size_t{64} << 10;  // a mark's place is in the ledger, among others

using Place = std::pair<uint32_t, uint32_t>;  // (resource, partition)

// One input batch on its way to a decision.
struct PolledBatch {
  const catalog::Resource* resource;
  uint32_t partition;
  broker::Message message;
};

// One partition's way in. What was read and did not fit a commit comes with the next.
struct InputReader {
  std::unique_ptr<broker::Reader> reader;
  std::deque<broker::Message> ahead;
  broker::Position visible_end = 0;  // as last asked; at first, where it begins
  broker::Position dropped = 0;      // what is before it was dropped, or asked to be

  // Also when it stands behind the end, which the reader has words for.
  bool HasMore() const { return !ahead.empty() || std::max(reader->next(), broker::kFirstPosition) != visible_end; }
};

bool WorthRetrying(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status);
}

}  // namespace

// One mutex guards everything: a step holds it from beginning to end, so whoever looks from outside sees committed
// state only. Sources that ask in the middle of their work what is held can't wait for the disk: `decided` guards what
// they look at, and a step lets go of it while it commits.
struct Lane::Impl {
  explicit Impl(const LaneOptions& lane_options) : options(lane_options), indexes(lane_options.index_salt) {}

  bool IsOurs() const { return !options.is_ours || options.is_ours(); }
  bool MayTakeOver() const { return !options.may_take_over || options.may_take_over(); }
  absl::Status Recover(bool ignore_checkpoints, bool take_over, std::vector<std::string>* warnings);
  void ForgetWork();
  absl::Status Follow();
  absl::Status TakeOver();
  absl::Status LetGo();
  absl::StatusOr<base::StepResult> StepBesideAnother();
  absl::Status NoteLedgerEnd();
  absl::Status LoadCheckpoint(const catalog::CatalogTable& table, std::vector<std::string>* warnings);
  absl::Status ReplayLedger();
  absl::Status ReplayEntry(const ledger::v1::LedgerEntry& entry, const catalog::CatalogTable& table);

  absl::StatusOr<base::StepResult> Step();
  absl::Status TakeCatalog(std::shared_ptr<const catalog::CatalogTable> newest);
  absl::Status OpenInputs();
  absl::StatusOr<bool> SendAgain();
  absl::Status SendAgainSome(const catalog::Subscription& subscription, const catalog::Resource& resource);
  absl::Status EndSendingAgain(uint32_t subscription_id, const SubscriptionStartState& start);
  absl::StatusOr<AgainPlan> PlanFor(const catalog::Subscription& subscription, const catalog::Resource& resource);
  absl::StatusOr<bool> AdvanceSnapshot();
  absl::Status Report(const catalog::Resource& resource, const snapshot::SnapshotStage& stage);
  absl::Status ReleaseSome(const catalog::Resource& resource, const snapshot::SnapshotStage& stage, base::TimeUs as_of);
  absl::Status Drop(const snapshot::SnapshotStage& stage, ledger::Verdict verdict);
  absl::Status LookWhereInputsEnd();
  absl::StatusOr<std::vector<PolledBatch>> PollInputs();
  absl::Status DecideAndCommit(const std::vector<PolledBatch>& batches);
  absl::Status TakeMark(const PolledBatch& polled, LaneCommit& commit);
  absl::StatusOr<LaneCommit> BeginCommit();
  void LetAskersIn();
  absl::Status Commit(LaneCommit& commit);
  ledger::v1::LedgerEntry NewEntry() const;
  void CheckpointIfDue();
  absl::Status WriteCheckpoint();
  absl::Status Retain(base::TimeUs keep_since);

  bool Serves(const catalog::Resource& resource, uint32_t partition) const {
    return catalog::LaneOf(resource, partition, options.lanes) == options.lane;
  }

  const LaneOptions options;
  std::mutex mutex;
  std::mutex decided;  // taken behind `mutex`; to change `indexes`, `snapshots` or `writer` takes both, to look one
  std::mutex asking;   // whose turn it is to ask what is decided; taken before `decided`

  // All below: guarded by mutex.
  absl::Status status;
  LaneState state;
  LaneIndexes indexes;
  LaneSnapshots snapshots;
  std::shared_ptr<const catalog::CatalogTable> catalog;  // the version state.catalog_version; null until taken
  std::unique_ptr<broker::Writer> writer;  // null: another process works on the lane, or is about to be followed
  std::unique_ptr<broker::Reader> ledger;  // where it was read last; while this process works, that lies behind
  std::map<Place, InputReader> inputs;
  std::map<uint32_t, std::vector<const catalog::View*>> views;  // of each resource in `catalog`: finding them walks it
  LaneSnapshots::Place release_of{0, 0, 0};                     // whose release `release` is
  std::unique_ptr<SnapshotRelease> release;
  Place turn{0, 0};                    // the input served last: the next one begins the next round
  bool memory_ahead = false;           // a commit failed: what memory believes may not be in the log
  base::TimeUs next_follow = 0;        // steady; while another process works on the lane
  base::TimeUs retry_at = 0;           // not 0: a step failed, the next one waits until then
  absl::Status trouble;                // why, until a step succeeds
  absl::Status checkpoint_trouble;     // why the last checkpoint was not written
  uint64_t work_since_checkpoint = 0;  // replay_work.h
  bool changed_since_checkpoint = false;
  uint32_t again_subscription = 0;  // whose plan again_plan is; 0 = none
  AgainPlan again_plan;             // what is left of it
  bool all_started = false;         // subscriptions; until the next catalog there is nothing to look for

  // Reused between batches.
  BatchDecider decider;
  Decision decision;
  RouteStage again_route;
  record::PackedBatch again_packed;
  std::string again_payload;
};

// ---- recovery

absl::Status Lane::Impl::Recover(bool ignore_checkpoints, bool take_over, std::vector<std::string>* warnings) {
  const auto table = options.catalog();
  state = {};
  indexes.Clear();
  snapshots.Clear();
  ledger.reset();
  ForgetWork();
  work_since_checkpoint = 0;
  changed_since_checkpoint = false;
  absl::Status taken;
  if (take_over) {
    writer = nullptr;
    // Before the ledger is read: from here on an older holder can't add to it.
    auto opened = options.broker->OpenWriter(absl::StrCat("lane.", options.lane));
    taken = opened.status();
    if (opened.ok()) writer = *std::move(opened);
  }
  if (!ignore_checkpoints) RETURN_IF_ERROR(LoadCheckpoint(*table, warnings));
  // Waits until what an older holder began is decided.
  if (take_over) RETURN_IF_ERROR(options.broker->Bounds({ledger::kLedgerTopic, options.lane}).status());
  RETURN_IF_ERROR(ReplayLedger());
  const absl::Status read_again = snapshots.ReadAgain(*options.broker, indexes);
  if (absl::IsNotFound(read_again) && !take_over) {
    return absl::UnavailableError(absl::StrCat("a snapshot was done while it was looked at: ", read_again.message()));
  }
  if (absl::IsNotFound(read_again)) return absl::DataLossError(read_again.message());
  RETURN_IF_ERROR(read_again);
  // An engine that takes no more writes can be read all the same: whoever looks meanwhile sees what is committed, not
  // an empty lane.
  RETURN_IF_ERROR(taken);
  memory_ahead = false;
  options.steps->Reached("lane.recovered");
  return absl::OkStatus();
}

// What only whoever works on the lane has.
void Lane::Impl::ForgetWork() {
  release.reset();
  catalog = nullptr;
  inputs.clear();
  again_subscription = 0;
  again_plan.clear();
  all_started = false;
}

// What whoever works on the lane has committed since.
absl::Status Lane::Impl::Follow() {
  absl::Status followed = ReplayLedger();
  if (followed.ok()) followed = snapshots.ReadAgain(*options.broker, indexes);
  if (followed.ok()) return followed;
  memory_ahead = true;  // between two entries, or without rows that it should have read
  // The rows of a dump that was done meanwhile need not be there any more.
  return absl::IsNotFound(followed) ? absl::UnavailableError(followed.message()) : followed;
}

// First the fence, then the look: an older holder of the lane can add nothing to what is read then.
absl::Status Lane::Impl::TakeOver() {
  ASSIGN_OR_RETURN(auto opened, options.broker->OpenWriter(absl::StrCat("lane.", options.lane)));
  RETURN_IF_ERROR(options.broker->Bounds({ledger::kLedgerTopic, options.lane}).status());
  RETURN_IF_ERROR(Follow());
  ForgetWork();
  writer = std::move(opened);
  options.steps->Reached("lane.recovered");
  return absl::OkStatus();
}

absl::Status Lane::Impl::LetGo() {
  const absl::Status noted = memory_ahead ? absl::OkStatus() : NoteLedgerEnd();
  writer.reset();
  ledger.reset();
  ForgetWork();
  memory_ahead |= !noted.ok();  // where the ledger goes on is unknown: it is read from the checkpoint on
  return absl::IsAborted(noted) ? absl::OkStatus() : noted;
}

absl::StatusOr<base::StepResult> Lane::Impl::StepBesideAnother() {
  if (writer != nullptr) RETURN_IF_ERROR(LetGo());
  if (options.clock->Steady() < next_follow) return base::StepResult::IdleUntil(next_follow);
  next_follow = options.clock->Steady() + kFollowPauseUs;
  if (memory_ahead) RETURN_IF_ERROR(Recover(false, false, nullptr));
  RETURN_IF_ERROR(Follow());
  if (!options.checkpoints_shared) CheckpointIfDue();
  return base::StepResult::IdleUntil(next_follow);
}

// Where the ledger ends behind this lane's last entry. The commit behind the look proves that nobody had fenced it
// before: all that the look saw is its own.
absl::Status Lane::Impl::NoteLedgerEnd() {
  const broker::TopicPartition own{ledger::kLedgerTopic, options.lane};
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options.broker->Bounds(own));
  if (options.is_ours) {
    ASSIGN_OR_RETURN(const auto transaction, writer->Begin());
    // Not the lane's own group: there it would look like input that waits.
    transaction->AdvancePosition(absl::StrCat("checkpoint.", options.lane), own, bounds.end);
    RETURN_IF_ERROR(transaction->Commit());
  }
  state.ledger_next = bounds.end;
  return absl::OkStatus();
}

absl::Status Lane::Impl::LoadCheckpoint(const catalog::CatalogTable& table, std::vector<std::string>* warnings) {
  ASSIGN_OR_RETURN(const index::LoadedCheckpoint loaded,
                   index::LoadNewestCheckpoint(*options.files, options.checkpoint_directory, options.lane));
  if (warnings != nullptr) warnings->insert(warnings->end(), loaded.warnings.begin(), loaded.warnings.end());
  const auto pass_over = [&](std::string_view why) {
    if (warnings != nullptr) {
      warnings->push_back(absl::StrCat("the checkpoint of lane ", options.lane, " ", base::Absl(why),
                                       "; replaying the whole ledger instead"));
    }
    state = {};
    indexes.Clear();
    snapshots.Clear();
    return absl::OkStatus();
  };
  for (const index::CheckpointSection& section : loaded.sections) {
    const absl::Status taken = section.name == kStateSection ? ParseLaneState(section.content, options.lane, state)
                               : LaneSnapshots::IsSection(section.name) ? snapshots.LoadSection(section)
                                                                        : indexes.LoadSection(section, table);
    // Sound bytes that this program does not understand: another version wrote them. The ledger is the truth.
    if (!taken.ok()) return pass_over(absl::StrCat("is not understood (", taken.message(), ")"));
  }
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options.broker->Bounds({ledger::kLedgerTopic, options.lane}));
  if (state.ledger_next > bounds.end) {
    // A power cut under the weaker durability, or a directory put together from two. The ledger is the truth.
    return pass_over(absl::StrCat("knows more than its ledger (position ", state.ledger_next, " of ", bounds.end, ")"));
  }
  return absl::OkStatus();
}

absl::Status Lane::Impl::ReplayLedger() {
  auto table = options.catalog();
  if (ledger == nullptr) {
    ASSIGN_OR_RETURN(ledger, options.broker->OpenReader({ledger::kLedgerTopic, options.lane}, state.ledger_next));
  }
  ledger::v1::LedgerEntry entry;
  while (true) {
    const auto polled = ledger->Poll({});
    if (absl::IsOutOfRange(polled.status())) {
      return absl::DataLossError(absl::StrCat(
          "the ledger of lane ", options.lane, " is too short: it is needed from position ", ledger->next(),
          " on, which no checkpoint replaces, and somebody has dropped that (", polled.status().message(), ")"));
    }
    RETURN_IF_ERROR(polled.status());
    const std::vector<broker::Message>& messages = *polled;
    if (messages.empty()) return absl::OkStatus();
    for (const broker::Message& message : messages) {
      ledger::LedgerMessageReader entries(message.body.bytes(), options.lane, state.head);
      while (true) {
        ASSIGN_OR_RETURN(const bool more, entries.Next(entry));
        if (!more) break;
        // Whoever decided it knew a catalog that this process has still to read.
        if (entry.catalog_version() > table->version() && options.follow_catalog) {
          RETURN_IF_ERROR(options.follow_catalog());
          table = options.catalog();
        }
        RETURN_IF_ERROR(ReplayEntry(entry, *table));
      }
      state.head = entries.head();
      state.ledger_next = message.position + 1;
    }
  }
}

absl::Status Lane::Impl::ReplayEntry(const ledger::v1::LedgerEntry& entry, const catalog::CatalogTable& table) {
  RETURN_IF_ERROR(Account(entry, state));
  changed_since_checkpoint = true;
  if (entry.has_snapshot_mark()) snapshots.TakeMark(entry.snapshot_mark());
  if (entry.has_snapshot_reported()) snapshots.TakeReported(entry.snapshot_reported());
  if (entry.has_snapshot_step()) {
    const auto& step = entry.snapshot_step();
    index::EntityIndex& index = indexes.Entity(step.resource_id(), step.partition());
    work_since_checkpoint += ReplayWorkOf(step.verdict_runs());
    RETURN_IF_ERROR(LearnStep(step, entry.sequence(), index));
    snapshots.TakeStep(step, index);
  }
  if (!entry.has_batch() || !entry.batch().problem().empty()) return absl::OkStatus();
  const auto& batch = entry.batch();
  work_since_checkpoint += ReplayWorkOf(batch.verdict_runs());

  std::vector<uint8_t> codes;
  if (!ledger::UnpackRuns(batch.verdict_runs(), batch.records(), codes)) {
    return absl::DataLossError(absl::StrCat("ledger of lane ", entry.lane(), ", entry ", entry.sequence(),
                                            ": verdicts do not add up to ", batch.records(), " records"));
  }
  const std::span verdicts(reinterpret_cast<const ledger::Verdict*>(codes.data()), codes.size());
  ledger::AdmittedColumns admitted;
  RETURN_IF_ERROR(ledger::DecodeAdmitted(batch.admitted(), verdicts, batch.entity(), admitted));
  const index::BatchPlace place{entry.sequence(), batch.input_position(), static_cast<uint16_t>(batch.source_id()),
                                static_cast<uint32_t>(batch.snapshot_id())};
  if (batch.entity()) {
    indexes.Entity(batch.resource_id(), batch.partition()).Replay(admitted, place);
    if (batch.snapshot_id() != 0) {
      snapshot::SnapshotStage* stage =
          snapshots.FindOpen({batch.resource_id(), batch.partition(), batch.snapshot_id(), batch.publisher_id(),
                              batch.source_id(), batch.publisher_epoch()});
      if (stage != nullptr) stage->Replay(admitted, verdicts, batch.input_position());
    }
  } else {
    indexes.Event(batch.resource_id(), batch.partition(), WindowOf(table, batch.resource_id()))
        .Replay(admitted, place, entry.commit_time());
  }
  return absl::OkStatus();
}

// ---- steps

absl::StatusOr<base::StepResult> Lane::Impl::Step() {
  if (retry_at != 0 && options.clock->Steady() < retry_at) return base::StepResult::IdleUntil(retry_at);
  retry_at = 0;
  if (!IsOurs() || ((memory_ahead || writer == nullptr) && !MayTakeOver())) return StepBesideAnother();
  if (memory_ahead) RETURN_IF_ERROR(Recover(false, true, nullptr));
  if (writer == nullptr) RETURN_IF_ERROR(TakeOver());
  const auto newest = options.catalog();
  if (catalog == nullptr || newest->version() > state.catalog_version) {
    RETURN_IF_ERROR(TakeCatalog(newest));
    return base::StepResult::Busy();
  }
  ASSIGN_OR_RETURN(const bool sent_again, SendAgain());
  if (sent_again) return base::StepResult::Busy();

  // A decided snapshot and what else comes in take turns.
  ASSIGN_OR_RETURN(const bool advanced, AdvanceSnapshot());
  ASSIGN_OR_RETURN(const auto batches, PollInputs());
  if (batches.empty() && !advanced) {
    // What others commit wakes nobody here by itself. Whoever wakes for it may be held up by an engine that is silent.
    return options.is_ours ? base::StepResult::IdleUntil(options.clock->Steady() + kLookAgainUs)
                           : base::StepResult::Idle();
  }
  if (!batches.empty()) RETURN_IF_ERROR(DecideAndCommit(batches));
  CheckpointIfDue();
  return base::StepResult::Busy();
}

absl::StatusOr<LaneCommit> Lane::Impl::BeginCommit() {
  ASSIGN_OR_RETURN(auto transaction, writer->Begin());
  changed_since_checkpoint = true;
  return LaneCommit(options.lane, std::move(transaction), state);
}

absl::Status Lane::Impl::Commit(LaneCommit& commit) {
  decided.unlock();
  absl::Status committed = commit.Commit(*options.steps);
  decided.lock();
  return committed;
}

ledger::v1::LedgerEntry Lane::Impl::NewEntry() const {
  ledger::v1::LedgerEntry entry;
  entry.set_commit_time(std::max(state.commit_time, options.clock->Now()));
  entry.set_catalog_version(catalog->version());
  return entry;
}

// From the next entry on the lane decides under the newest catalog; subscriptions it has not seen start here.
absl::Status Lane::Impl::TakeCatalog(std::shared_ptr<const catalog::CatalogTable> newest) {
  catalog = std::move(newest);
  all_started = false;
  views.clear();
  for (const auto& [id, resource] : catalog->resources()) views[id] = catalog->ViewsOf(id);
  RETURN_IF_ERROR(OpenInputs());
  if (catalog->version() == state.catalog_version) return absl::OkStatus();  // after a recovery

  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  ledger::v1::LedgerEntry taken = NewEntry();
  taken.mutable_catalog_taken()->set_version(catalog->version());
  RETURN_IF_ERROR(commit.AddEntry(taken));
  for (const auto& [id, subscription] : catalog->subscriptions()) {
    if (!subscription.active || state.subscriptions.contains(id)) continue;
    const catalog::View* view = catalog->FindView(subscription.view_id);
    DATONG_CHECK(view != nullptr);
    const catalog::Resource* resource = catalog->FindResource(view->resource_id);
    if (resource == nullptr || !LaneServes(options.lane, options.lanes, *resource)) continue;
    ledger::v1::LedgerEntry entry = NewEntry();
    auto* start = entry.mutable_stream_start();
    start->set_subscription_id(id);
    start->set_view_id(view->id);
    start->set_resource_id(resource->id);
    start->set_finished(subscription.start == catalog::SubscriptionStart::kNow || state.AcceptedOf(resource->id) == 0);
    RETURN_IF_ERROR(commit.AddEntry(entry));
  }
  return Commit(commit);
}

absl::Status Lane::Impl::OpenInputs() {
  for (const auto& [id, resource] : catalog->resources()) {
    for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
      const Place place{id, partition};
      if (!Serves(resource, partition) || inputs.contains(place)) continue;
      const auto known = state.inputs.find(place);
      const broker::Position next = known == state.inputs.end() ? 0 : known->second.next;
      ASSIGN_OR_RETURN(auto reader, options.broker->OpenReader({resource.publish_topic(), partition}, next));
      inputs[place] = {std::move(reader), {}, std::max(next, broker::kFirstPosition)};
    }
  }
  return absl::OkStatus();
}

// Most of a thousand inputs have nothing new most of the time: where they end is asked once for all of them.
absl::Status Lane::Impl::LookWhereInputsEnd() {
  std::vector<broker::TopicPartition> places;
  std::vector<InputReader*> asked;
  for (auto& [place, input] : inputs) {
    const catalog::Resource* resource = catalog->FindResource(place.first);
    if (resource == nullptr || input.HasMore()) continue;
    places.push_back({resource->publish_topic(), place.second});
    asked.push_back(&input);
  }
  ASSIGN_OR_RETURN(const std::vector<broker::Position> ends, options.broker->VisibleEnds(places));
  for (size_t i = 0; i < asked.size(); ++i) asked[i]->visible_end = ends[i];
  return absl::OkStatus();
}

// A bounded number of inputs, beginning behind the one served last: each gets its turn however much another has.
absl::StatusOr<std::vector<PolledBatch>> Lane::Impl::PollInputs() {
  std::vector<PolledBatch> batches;
  if (inputs.empty()) return batches;
  RETURN_IF_ERROR(LookWhereInputsEnd());
  broker::ReadLimits share;
  share.messages_max = std::max<size_t>(1, options.commit_batches_max / inputs.size());
  share.bytes_max = std::max<size_t>(size_t{1} << 20, options.commit_bytes_max / inputs.size());
  size_t bytes = 0, payload_bytes = 0;
  const auto has_room = [&] {
    return bytes < options.commit_bytes_max && payload_bytes < options.commit_payload_bytes_max;
  };
  auto it = inputs.upper_bound(turn);
  for (size_t i = 0; i < inputs.size() && has_room(); ++i, ++it) {
    if (it == inputs.end()) it = inputs.begin();
    auto& [place, input] = *it;
    const catalog::Resource* resource = catalog->FindResource(place.first);
    if (resource == nullptr) continue;  // retired: what is still in its topic stays there
    if (input.ahead.empty()) {
      if (!input.HasMore()) continue;
      ASSIGN_OR_RETURN(auto messages, input.reader->Poll(share));
      std::move(messages.begin(), messages.end(), std::back_inserter(input.ahead));
    }
    if (input.ahead.empty()) continue;
    turn = place;
    const bool opened = SomebodyLooksInside(views.at(resource->id)) || IsWrittenByOthers(*catalog, *resource);
    for (; !input.ahead.empty() && has_room(); input.ahead.pop_front()) {
      broker::Message& message = input.ahead.front();
      bytes += message.body.bytes().size();
      if (opened) payload_bytes += record::StatedPayloadBytes(message.body.bytes());
      batches.push_back({resource, place.second, std::move(message)});
    }
  }
  return batches;
}

// Who asks what is decided waits for a batch, not for all that a step takes; and a lock that is taken again at once
// would never be his.
void Lane::Impl::LetAskersIn() {
  decided.unlock();
  { const std::lock_guard turn(asking); }
  decided.lock();
}

absl::Status Lane::Impl::DecideAndCommit(const std::vector<PolledBatch>& batches) {
  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  for (const PolledBatch& batch : batches) {
    LetAskersIn();
    if (batch.message.body.bytes().empty()) {
      RETURN_IF_ERROR(TakeMark(batch, commit));
      continue;
    }
    ledger::v1::LedgerEntry entry = NewEntry();
    const DecisionInput input{*catalog,      *batch.resource,         views.at(batch.resource->id), batch.partition,
                              batch.message, state.head.sequence + 1, entry.commit_time()};
    entry.mutable_batch()->set_input_next(batch.message.position + 1);
    RETURN_IF_ERROR(decider.Decide(input, state, indexes, snapshots, *entry.mutable_batch(), decision));
    RETURN_IF_ERROR(commit.AddEntry(entry));
    commit.AddDecision(entry, batch.message, *batch.resource, decision);
    commit.AdvanceInput({batch.resource->publish_topic(), batch.partition}, entry.batch().input_next());
    work_since_checkpoint += ReplayWorkOf(entry.batch().verdict_runs());
  }
  return Commit(commit);
}

absl::Status Lane::Impl::TakeMark(const PolledBatch& polled, LaneCommit& commit) {
  ledger::v1::LedgerEntry entry = NewEntry();
  auto* taken = entry.mutable_snapshot_mark();
  taken->set_resource_id(polled.resource->id);
  taken->set_partition(polled.partition);
  taken->set_input_position(polled.message.position);
  taken->set_input_next(polled.message.position + 1);
  taken->set_receive_time(polled.message.append_time);
  if (polled.message.envelope.size() > kMarkBytesMax) {
    taken->set_problem(absl::StrCat("it has ", polled.message.envelope.size(), " bytes; at most ", kMarkBytesMax));
  } else if (auto mark = snapshot::DecodeMark(polled.message.envelope); mark.ok()) {
    *taken->mutable_mark() = *std::move(mark);
    taken->set_problem(snapshots.ProblemOf(*taken, *polled.resource));
  } else {
    taken->set_problem(std::string(mark.status().message()));
  }
  RETURN_IF_ERROR(commit.AddEntry(entry));
  snapshots.TakeMark(*taken);
  commit.AdvanceInput({polled.resource->publish_topic(), polled.partition}, taken->input_next());
  return absl::OkStatus();
}

// ---- snapshots (docs/snapshots.md)

// One bounded piece of work for the first open snapshot that has some.
absl::StatusOr<bool> Lane::Impl::AdvanceSnapshot() {
  for (const auto& [place, stage] : snapshots.stages()) {
    const catalog::Resource* resource = catalog->FindResource(std::get<0>(place));
    if (resource == nullptr) {  // retired: neither its end nor a decision will come
      RETURN_IF_ERROR(Drop(*stage, ledger::Verdict::kSnapshotDropped));
      return true;
    }
    if (stage->phase() == snapshot::StagePhase::kOpen) continue;
    if (stage->phase() != snapshot::StagePhase::kReported) {
      RETURN_IF_ERROR(Report(*resource, *stage));
      return true;
    }
    const SnapshotRuling ruling = options.snapshot_ruling(std::get<2>(place), std::get<0>(place));
    switch (ruling.action) {
      case SnapshotRuling::Action::kNone:
      case SnapshotRuling::Action::kHeld:
        continue;
      case SnapshotRuling::Action::kReleased:
        RETURN_IF_ERROR(ReleaseSome(*resource, *stage, ruling.as_of_of_rows.value_or(stage->identity().as_of)));
        return true;
      case SnapshotRuling::Action::kDropped:
        RETURN_IF_ERROR(Drop(*stage, ledger::Verdict::kSnapshotDropped));
        return true;
      case SnapshotRuling::Action::kStale:
        RETURN_IF_ERROR(Drop(*stage, ledger::Verdict::kStale));
        return true;
    }
  }
  return false;
}

absl::Status Lane::Impl::Report(const catalog::Resource& resource, const snapshot::SnapshotStage& stage) {
  const auto& identity = stage.identity();
  StoredBatches stored(*options.broker, {resource.publish_topic(), identity.partition});
  const catalog::KeyDomain* domain = catalog->FindKeyDomain(resource.key_domain_id);
  DATONG_CHECK(domain != nullptr);
  exchange::v1::SnapshotEvent event;
  ASSIGN_OR_RETURN(
      *event.mutable_report(),
      MakeReport(resource, domain->key, indexes.SeeEntity(resource.id, identity.partition), stage, stored));
  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  ledger::v1::LedgerEntry entry = NewEntry();
  auto* reported = entry.mutable_snapshot_reported();
  reported->set_snapshot(identity.snapshot);
  reported->set_resource_id(resource.id);
  reported->set_partition(identity.partition);
  RETURN_IF_ERROR(commit.AddEntry(entry));
  event.set_snapshot(identity.snapshot);
  event.set_resource_id(resource.id);
  event.set_source_id(identity.source_id);
  event.set_time(entry.commit_time());
  commit.AddSnapshotEvent(snapshot::EncodeSnapshotEvent(event));
  snapshots.TakeReported(*reported);
  RETURN_IF_ERROR(Commit(commit));
  options.steps->Reached("snapshot.reported");
  return absl::OkStatus();
}

absl::Status Lane::Impl::ReleaseSome(const catalog::Resource& resource, const snapshot::SnapshotStage& stage,
                                     base::TimeUs as_of) {
  const auto& identity = stage.identity();
  const LaneSnapshots::Place place{identity.resource_id, identity.partition, identity.snapshot};
  if (release == nullptr || release_of != place) {
    release = std::make_unique<SnapshotRelease>(*options.broker, stage, as_of);
    release_of = place;
  }
  index::EntityIndex& index = indexes.Entity(resource.id, identity.partition);
  ledger::v1::LedgerEntry entry = NewEntry();
  ASSIGN_OR_RETURN(SnapshotWork work,
                   release->Next(resource, views.at(resource.id), state.head.sequence + 1, state, index));
  *entry.mutable_snapshot_step() = work.step;
  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  RETURN_IF_ERROR(commit.AddEntry(entry));
  commit.AddSnapshotWork(entry, resource, std::move(work));
  work_since_checkpoint += ReplayWorkOf(entry.snapshot_step().verdict_runs());
  if (entry.snapshot_step().finished()) release.reset();
  snapshots.TakeStep(entry.snapshot_step(), index);
  RETURN_IF_ERROR(Commit(commit));
  options.steps->Reached("snapshot.step_done");
  return absl::OkStatus();
}

absl::Status Lane::Impl::Drop(const snapshot::SnapshotStage& stage, ledger::Verdict verdict) {
  const auto& identity = stage.identity();
  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  ledger::v1::LedgerEntry entry = NewEntry();
  auto* step = entry.mutable_snapshot_step();
  step->set_snapshot(identity.snapshot);
  step->set_resource_id(identity.resource_id);
  step->set_partition(identity.partition);
  step->set_source_id(identity.source_id);
  step->set_kind(ledger::v1::SNAPSHOT_DROP);
  step->set_records(static_cast<uint32_t>(stage.staged()));
  if (stage.staged() != 0) {
    step->add_verdict_runs(static_cast<uint32_t>(verdict));
    step->add_verdict_runs(step->records());
  }
  step->set_finished(true);
  RETURN_IF_ERROR(commit.AddEntry(entry));
  snapshots.TakeStep(*step, indexes.Entity(identity.resource_id, identity.partition));
  RETURN_IF_ERROR(Commit(commit));
  options.steps->Reached("snapshot.step_done");
  return absl::OkStatus();
}

// ---- subscriptions that start

absl::StatusOr<bool> Lane::Impl::SendAgain() {
  if (all_started) return false;
  for (const auto& [id, start] : state.subscriptions) {
    if (start.started) continue;
    const catalog::Subscription* subscription = catalog->FindSubscription(id);
    const catalog::View* view = subscription == nullptr ? nullptr : catalog->FindView(subscription->view_id);
    const catalog::Resource* resource = view == nullptr ? nullptr : catalog->FindResource(view->resource_id);
    if (resource == nullptr) {
      RETURN_IF_ERROR(EndSendingAgain(id, start));
    } else {
      RETURN_IF_ERROR(SendAgainSome(*subscription, *resource));
    }
    return true;
  }
  all_started = true;
  return false;
}

// Its resource was retired meanwhile: what is still to be sent never will be, and retention must not wait for it.
absl::Status Lane::Impl::EndSendingAgain(uint32_t subscription_id, const SubscriptionStartState& start) {
  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  ledger::v1::LedgerEntry entry = NewEntry();
  auto* said = entry.mutable_stream_start();
  said->set_subscription_id(subscription_id);
  said->set_finished(true);
  said->set_cursor_partition(start.cursor_partition);
  said->set_cursor_position(start.cursor_position);
  if (again_subscription == subscription_id) again_subscription = 0;
  RETURN_IF_ERROR(commit.AddEntry(entry));
  return Commit(commit);
}

absl::StatusOr<AgainPlan> Lane::Impl::PlanFor(const catalog::Subscription& subscription,
                                              const catalog::Resource& resource) {
  const SubscriptionStartState& start = state.subscriptions.at(subscription.id);
  const bool history = subscription.start == catalog::SubscriptionStart::kBeginning ||
                       resource.schema->kind == record::ResourceKind::kEvent;
  AgainPlan plan;
  if (!subscription.active) return plan;
  if (history) {
    ASSIGN_OR_RETURN(plan, PlanHistory(*options.broker, options.lane, resource.id, start.started_at_sequence));
  } else {
    plan = PlanPresentState(indexes.EntitiesOf(resource.id));
  }
  SkipDone(history, start.cursor_partition, start.cursor_position, plan);
  std::reverse(plan.begin(), plan.end());  // taken from the back
  return plan;
}

absl::Status Lane::Impl::SendAgainSome(const catalog::Subscription& subscription, const catalog::Resource& resource) {
  if (again_subscription != subscription.id) {
    ASSIGN_OR_RETURN(again_plan, PlanFor(subscription, resource));
    again_subscription = subscription.id;
  }
  const catalog::View& view = *catalog->FindView(subscription.view_id);
  const SubscriptionStartState start = state.subscriptions.at(subscription.id);

  struct Packed {
    AgainStep step;
    broker::Message input;
    std::vector<PackedPart> parts;
  };
  std::vector<Packed> packed;
  size_t bytes = 0;
  uint32_t records = 0;
  AgainStep last{0, 0, start.cursor_position, {}};
  last.partition = start.cursor_partition;
  std::vector<uint8_t> operations;
  // A cursor stands for all its steps: they are sent together.
  const auto is_inside = [&] {
    return !packed.empty() && again_plan.back().cursor_position == last.cursor_position &&
           again_plan.back().partition == last.partition;
  };
  while (!again_plan.empty() &&
         ((packed.size() < kAgainStepsPerCommit && bytes < kAgainBytesPerCommit) || is_inside())) {
    AgainStep step = std::move(again_plan.back());
    again_plan.pop_back();
    last = {step.partition, step.position, step.cursor_position, {}};
    auto input = options.broker->ReadAt({resource.publish_topic(), step.partition}, step.position);
    if (absl::IsNotFound(input.status())) continue;  // history beyond what is kept; the present state is always kept
    RETURN_IF_ERROR(input.status());
    RETURN_IF_ERROR(record::DecodeColumnsOfDecided(input->body.bytes(), again_packed));
    RETURN_IF_ERROR(record::DecodePayload(again_packed, again_payload));
    operations.assign(again_packed.columns.size(), 0);
    for (const auto& [record, operation] : step.records) {
      if (record >= operations.size()) return absl::DataLossError("an index entry points behind its batch");
      operations[record] = operation;
    }
    ASSIGN_OR_RETURN(auto parts, again_route.Repack(view, *resource.schema, again_packed.header, again_packed.columns,
                                                    again_payload, operations));
    bytes += again_payload.size();
    for (const PackedPart& part : parts) records += part.records;
    packed.push_back({std::move(step), *std::move(input), std::move(parts)});
  }

  ASSIGN_OR_RETURN(LaneCommit commit, BeginCommit());
  ledger::v1::LedgerEntry entry = NewEntry();
  auto* said = entry.mutable_stream_start();
  said->set_subscription_id(subscription.id);
  said->set_view_id(view.id);
  said->set_resource_id(resource.id);
  said->set_records(records);
  said->set_finished(again_plan.empty());
  said->set_cursor_partition(last.partition);
  said->set_cursor_position(last.cursor_position);
  RETURN_IF_ERROR(commit.AddEntry(entry));
  uint64_t sequence = start.again_next_sequence;
  for (Packed& one : packed) {
    for (PackedPart& part : one.parts) {
      commit.AddAgain(entry, view, resource, sequence, part.records, one.step.partition, one.input,
                      std::move(part.body));
      sequence += part.records;
    }
  }
  if (again_plan.empty()) again_subscription = 0;
  return Commit(commit);
}

// ---- checkpoints, retention

// What was decided is in the log: a checkpoint that can't be written makes the next start slower, no more. It is tried
// again after as much work.
void Lane::Impl::CheckpointIfDue() {
  if (work_since_checkpoint < options.checkpoint_records * kReplayWorkPerRecord) return;
  decided.unlock();  // nothing is changed, and it takes its time
  checkpoint_trouble = WriteCheckpoint();
  decided.lock();
  work_since_checkpoint = 0;
}

absl::Status Lane::Impl::WriteCheckpoint() {
  if (!changed_since_checkpoint || (writer == nullptr && options.checkpoints_shared)) return absl::OkStatus();
  // All of this lane's commits are through. One that follows has read so far and no further.
  if (writer != nullptr) RETURN_IF_ERROR(NoteLedgerEnd());
  std::vector<index::CheckpointSection> sections;
  sections.push_back({kStateSection, SerializeLaneState(state, options.lane)});
  indexes.AppendSections(sections);
  snapshots.AppendSections(indexes, sections);
  RETURN_IF_ERROR(
      index::WriteCheckpoint(*options.files, *options.steps, options.checkpoint_directory, options.lane, sections)
          .status());
  work_since_checkpoint = 0;
  changed_since_checkpoint = false;
  return absl::OkStatus();
}

absl::Status Lane::Impl::Retain(base::TimeUs keep_since) {
  // What a starting subscription is still to be sent must stay.
  const bool sending_again = std::any_of(state.subscriptions.begin(), state.subscriptions.end(),
                                         [](const auto& subscription) { return !subscription.second.started; });
  if (catalog == nullptr || catalog->version() != options.catalog()->version() || sending_again)
    return absl::OkStatus();
  for (auto& [place, input] : state.inputs) {
    const catalog::Resource* resource = catalog->FindResource(place.first);
    if (resource == nullptr) continue;
    // The last mark not after keep_since: what lies before it is older than the history asked for.
    while (input.marks.size() > 1 && input.marks[1].receive_time <= keep_since) input.marks.pop_front();
    if (input.marks.empty() || input.marks.front().receive_time > keep_since) continue;
    broker::Position keep_from = std::min(input.next, input.marks.front().position);
    if (input.marks.size() == 1 && input.marks.front().receive_time <= keep_since - kMarkSpanUs) keep_from = input.next;
    if (const auto* entities = indexes.FindEntity(place.first, place.second); entities != nullptr) {
      keep_from = std::min(keep_from, entities->OldestContent());
    }
    keep_from = std::min(keep_from, snapshots.OldestNeeded(place.first, place.second));
    const auto reader = inputs.find(place);
    if (reader == inputs.end() || reader->second.dropped == keep_from) continue;
    RETURN_IF_ERROR(options.broker->DropBefore({resource->publish_topic(), place.second}, keep_from));
    reader->second.dropped = keep_from;
  }
  options.steps->Reached("retention.lane_done");
  return absl::OkStatus();
}

// ---- outside

bool LaneServes(uint32_t lane, uint32_t lanes, const catalog::Resource& resource) {
  for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
    if (catalog::LaneOf(resource, partition, lanes) == lane) return true;
  }
  return false;
}

Lane::Lane(const LaneOptions& options)
    : name_(absl::StrCat("lane.", options.lane)), impl_(std::make_unique<Impl>(options)) {
  DATONG_CHECK(options.lane < options.lanes);
}

Lane::~Lane() = default;

absl::Status Lane::Recover(bool ignore_checkpoints, std::vector<std::string>* warnings) {
  const std::scoped_lock lock(impl_->mutex, impl_->decided);
  const bool ours = impl_->IsOurs() && impl_->MayTakeOver();
  absl::Status recovered = impl_->Recover(ignore_checkpoints, ours, warnings);
  if (!ours && absl::IsUnavailable(recovered)) {
    impl_->memory_ahead = true;  // whoever works on it went on meanwhile: the first step begins anew
    recovered = absl::OkStatus();
  }
  return impl_->status = recovered;
}

absl::Status Lane::RebuildReadOnly() {
  const std::scoped_lock lock(impl_->mutex, impl_->decided);
  return impl_->status = impl_->Recover(true, false, nullptr);
}

base::StepResult Lane::Step() {
  const std::scoped_lock lock(impl_->mutex, impl_->decided);
  if (!impl_->status.ok()) return base::StepResult::Finished();
  const auto result = impl_->Step();
  if (result.ok()) {
    if (impl_->retry_at == 0) impl_->trouble = absl::OkStatus();
    return *result;
  }
  impl_->memory_ahead = true;
  // Whether the commit landed is in the log. What memory believes is thrown away at once: whoever looks from outside
  // sees committed state only.
  absl::Status known = result.status();
  if (impl_->options.is_ours && impl_->writer != nullptr && !WorthRetrying(known)) {
    // Who was asleep meets what another process has left, inputs that were dropped among it. A commit tells.
    if (const absl::Status still_ours = impl_->NoteLedgerEnd(); !still_ours.ok()) known = still_ours;
  }
  // Another process has the lane now, or had it for a moment: it is followed, and taken back if it is to be ours.
  const bool given_away = absl::IsAborted(known) && impl_->options.is_ours;
  if (!given_away) impl_->trouble = known;
  if (given_away) {
    impl_->writer.reset();
    known = impl_->Recover(false, false, nullptr);
  } else if (WorthRetrying(known)) {
    // A full disk took nothing, and to fence anew would only write more to it.
    const bool take_over =
        impl_->IsOurs() && impl_->MayTakeOver() && (impl_->writer == nullptr || !absl::IsResourceExhausted(known));
    // One that does not fence anew has no more use for a writer whose commit is in doubt.
    if (!take_over && !absl::IsResourceExhausted(known)) impl_->writer.reset();
    known = impl_->Recover(false, take_over, nullptr);
  }
  if (known.ok() || WorthRetrying(known)) {
    impl_->retry_at = impl_->options.clock->Steady() + (given_away ? kFollowPauseUs : kRetryPauseUs);
    return base::StepResult::IdleUntil(impl_->retry_at);
  }
  impl_->status = known;
  return base::StepResult::Finished();
}

absl::Status Lane::status() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->status;
}

absl::Status Lane::trouble() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->status.ok()) return impl_->status;
  return impl_->trouble.ok() ? impl_->checkpoint_trouble : impl_->trouble;
}

void Lane::Inspect(const std::function<void(const LaneView&)>& look) {
  const std::lock_guard lock(impl_->mutex);
  const LaneIndexes& indexes = impl_->indexes;
  look({impl_->state,
        [&indexes](uint32_t resource, uint32_t partition) { return indexes.FindEntity(resource, partition); },
        [&indexes](uint32_t resource, uint32_t partition) { return indexes.FindEvent(resource, partition); },
        impl_->snapshots, impl_->writer != nullptr});
}

bool Lane::InspectDecided(const std::function<void(const LaneIndexes&, const LaneSnapshots&)>& look) {
  const std::lock_guard turn(impl_->asking);
  const std::lock_guard lock(impl_->decided);
  if (impl_->writer == nullptr) return false;
  look(impl_->indexes, impl_->snapshots);
  return true;
}

absl::Status Lane::WriteCheckpoint() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->status.ok()) return impl_->status;
  if (impl_->memory_ahead) return absl::OkStatus();
  return impl_->WriteCheckpoint();
}

absl::Status Lane::CatchUp() {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->options.is_ours || impl_->writer != nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(impl_->status);
  if (impl_->memory_ahead) return absl::UnavailableError(absl::StrCat(name_, " is being read anew"));
  RETURN_IF_ERROR(impl_->options.broker->Bounds({ledger::kLedgerTopic, impl_->options.lane}).status());
  const std::lock_guard decided(impl_->decided);
  return impl_->Follow();
}

bool Lane::works() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->writer != nullptr && impl_->status.ok();
}

absl::Status Lane::Retain(base::TimeUs keep_since) {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->status.ok() || impl_->memory_ahead || impl_->writer == nullptr) return absl::OkStatus();
  return impl_->Retain(keep_since);
}

std::string Lane::IndexFingerprint() {
  const std::lock_guard lock(impl_->mutex);
  std::vector<index::CheckpointSection> sections;
  impl_->indexes.AppendSections(sections);
  impl_->snapshots.AppendSections(impl_->indexes, sections);
  std::string all;
  for (const auto& section : sections) {
    base::PutBytes(all, section.name);
    base::PutBytes(all, section.content);
  }
  return base::ToHex(base::Sha256(all));
}

}  // namespace datong::pipeline
