// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/publish_session.h"

#include <absl/strings/str_cat.h>

#include <mutex>
#include <set>
#include <utility>

#include "datong/exchange/v1/source_journal.pb.h"
#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/base/utf8.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/writer_identities.h"
#include "exchange_core/record/batch_layout.h"
#include "exchange_core/record/printable.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::node {
namespace {

using exchange::v1::SourceEvent;

constexpr int kPublishesBetweenBacklogChecks = 8;
constexpr size_t kFailureBytesMax = 2000;

// What goes into the journal must be text: nothing could read the journal again otherwise.
absl::Status CheckText(std::string_view what, std::string_view text) {
  if (base::IsValidUtf8(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(base::Absl(what), " \"", record::Printable(text, kFailureBytesMax),
                                                 "\" is not text in UTF-8; give it another name"));
}

absl::Status CheckTexts(const client::UnitDeclaration& unit) {
  RETURN_IF_ERROR(CheckText("the name of the unit", unit.name));
  RETURN_IF_ERROR(CheckText("the identity of the unit", unit.identity));
  for (const std::string& column : unit.columns) RETURN_IF_ERROR(CheckText("the name of the column", column));
  return absl::OkStatus();
}

// Whether an open run is what the declaration would begin: of this unit, and nothing of it published.
bool IsBegunBy(const client::UnitDeclaration& unit, bool snapshot, const SourceRun& run) {
  if (run.rows_published != 0 || run.name != unit.name || run.identity != unit.identity) return false;
  if (run.bytes_total != unit.bytes_total || run.full != unit.full || run.snapshot != snapshot) return false;
  return !snapshot || ((run.as_of_declared ? run.as_of : 0) == unit.as_of &&
                       run.as_of_from_items == unit.as_of_from_items && run.columns == unit.columns);
}

client::UnitRun UnitRunOf(const SourceRun& run, const std::string& position) {
  return {run.run,  run.file_sequence,  run.name,        run.identity,
          position, run.rows_published, run.seen_before, run.snapshot};
}

// What is longer or shorter is not the same.
bool MayBeSame(const client::UnitDeclaration& unit, const SourceRun& run) {
  return run.name == unit.name && !run.identity.empty() &&
         (run.bytes_total == unit.bytes_total || run.bytes_total == 0 || unit.bytes_total == 0);
}

class LocalPublishSession final : public client::PublishSession {
 public:
  LocalPublishSession(ExchangeState& state, const std::string& source, const catalog::Resource& resource)
      : state_(state),
        identity_(SourceWriter(source)),
        opening_(state.BeginSession(identity_)),
        publish_topic_(resource.publish_topic()),
        partitions_(resource.partitions),
        provider_id_(resource.provider_id),
        has_snapshots_(resource.schema->kind == record::ResourceKind::kEntity),
        next_entry_(resource.partitions) {
    source_.name = source;
    source_.resource_id = resource.id;
  }

  uint32_t source_id() const override { return source_.id; }
  const std::optional<client::UnitRun>& unfinished() const override { return unfinished_; }
  const std::string& position() const override { return source_.position; }

  absl::Status Open();
  absl::StatusOr<client::UnitRun> BeginUnit(const client::UnitDeclaration& unit) override;
  absl::Status Publish(std::vector<client::PublishBatch> batches, const std::string& position, uint64_t rows) override;
  absl::Status EndUnit(const std::string& position, bool complete, const std::string& failure,
                       const std::string& identity) override;
  void WhichAreHeld(uint32_t partition, const record::RecordClaims& rows, std::vector<uint32_t>& entries) override;

 private:
  SourceEvent NewEvent(const std::string& position) const;
  // First the fence, then the look: the source's place is what the journal says, and nobody else can add to it.
  absl::Status TakeOver();
  absl::Status Register();
  // Before anything is asked: takes the source over again when what became of the last commit is unknown.
  absl::Status Settle();
  bool HasLanded(const SourceEvent& event);
  // One transaction with the batches, the mark in every partition and the event.
  absl::Status Commit(std::vector<client::PublishBatch> batches, const SourceEvent& event,
                      const ledger::v1::SnapshotMark* mark = nullptr);
  absl::Status Write(broker::Writer& writer, std::vector<client::PublishBatch> batches, const SourceEvent& event,
                     const ledger::v1::SnapshotMark* mark);
  absl::Status EndRun(const std::string& position, bool complete, const std::string& failure,
                      const std::string& identity);
  // The open run if the unit is what it was begun for; a run without number if the unit's identity must be known first.
  std::optional<client::UnitRun> AnswerAtOnce(const client::UnitDeclaration& unit, bool snapshot);
  absl::Status CheckEarlierSnapshotsAreDone();
  bool MayLeaveOut(uint64_t run);
  void BeginSnapshot(const client::UnitDeclaration& unit, exchange::v1::UnitBegun& begun,
                     ledger::v1::SnapshotMark& mark);
  absl::Status CheckBacklog();

  ExchangeState& state_;
  const std::string identity_;
  const uint64_t opening_;
  std::unique_ptr<broker::Writer> writer_;  // null: the source is to be taken over (again)
  SourceState source_;
  const std::string publish_topic_;
  const uint32_t partitions_;
  const uint32_t provider_id_;
  const bool has_snapshots_;
  std::optional<client::UnitRun> unfinished_;
  uint64_t rows_published_ = 0;  // of the open run
  bool open_is_snapshot_ = false;
  int publishes_until_check_ = 0;
  // WhichAreHeld's, of each partition: the entry of its next row if rows come in the order of first sight.
  std::vector<uint32_t> next_entry_;
  std::optional<SourceEvent> doubted_;  // committed, and nobody knows with what outcome
  std::optional<SourceEvent> landed_;   // was doubted, and did land: whoever asks for it again has it already
};

SourceEvent LocalPublishSession::NewEvent(const std::string& position) const {
  SourceEvent event;
  event.set_source_id(source_.id);
  event.set_source(source_.name);
  event.set_resource_id(source_.resource_id);
  event.set_time(state_.options.clock->Now());
  event.set_position(position);
  return event;
}

absl::Status LocalPublishSession::Open() {
  const uint32_t resource_id = source_.resource_id;
  RETURN_IF_ERROR(TakeOver());
  if (source_.id == 0) RETURN_IF_ERROR(Register());
  if (source_.resource_id != resource_id) {
    return absl::FailedPreconditionError(absl::StrCat("source \"", source_.name,
                                                      "\" publishes another resource; one source, one ",
                                                      "resource: give the new one its own name"));
  }
  if (source_.open_run == 0) return absl::OkStatus();
  {
    const std::lock_guard lock(state_.tables);
    unfinished_ = UnitRunOf(state_.sources.runs().at(source_.open_run), source_.position);
  }
  unfinished_->may_leave_out = MayLeaveOut(unfinished_->run);
  return absl::OkStatus();
}

absl::Status LocalPublishSession::TakeOver() {
  if (!state_.IsNewestSession(identity_, opening_)) {
    return absl::AbortedError(absl::StrCat("source \"", source_.name, "\" was opened anew in this process"));
  }
  ASSIGN_OR_RETURN(auto writer, state_.options.broker->OpenWriter(identity_));
  RETURN_IF_ERROR(state_.ConfirmHolder());
  RETURN_IF_ERROR(state_.sources_tail.CatchUp());
  writer_ = std::move(writer);
  const std::lock_guard lock(state_.tables);
  const SourceState* known = state_.sources.Find(source_.name);
  if (known == nullptr) return absl::OkStatus();
  source_ = *known;
  rows_published_ = 0;
  open_is_snapshot_ = false;
  if (source_.open_run != 0) {
    const SourceRun& run = state_.sources.runs().at(source_.open_run);
    rows_published_ = run.rows_published;
    open_is_snapshot_ = run.snapshot;
  }
  return absl::OkStatus();
}

// Whether a row that says "same" comes to what the row with its content would come to. Where another source of the
// resource is at work, a change that is earlier in the order may still come, and the row would have to undo it; where
// the last row of a key prevails, it would have to undo an earlier row; where changes leave at once, nobody looks
// behind. Where another process works on a lane of the resource, this one knows only what that lane had committed a
// moment ago, and does not ask.
bool LocalPublishSession::MayLeaveOut(uint64_t run) {
  const auto catalog = state_.Catalog();
  const catalog::Resource* resource = catalog->FindResource(source_.resource_id);
  if (resource == nullptr || resource->snapshots.same_key == catalog::SameKeyRule::kLast) return false;
  if (!state_.sources_tail.Follow().ok()) return false;
  {
    const std::lock_guard lock(state_.tables);
    const auto own = state_.sources.runs().find(run);
    if (own == state_.sources.runs().end()) return false;
    if (!own->second.snapshot || own->second.flows) return false;  // most files: no lane need be waited for
    for (const auto& [id, source] : state_.sources.sources()) {
      if (id != source_.id && source.resource_id == source_.resource_id && source.open_run != 0) return false;
    }
  }
  const auto lanes = static_cast<uint32_t>(state_.lanes.size());
  bool others_at_work = false;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    if (!pipeline::LaneServes(lane, lanes, *resource)) continue;
    state_.lanes[lane]->Inspect([&](const pipeline::LaneView& view) {
      others_at_work |= !view.works;
      for (const auto& [place, stage] : view.snapshots.stages()) {
        const auto& identity = stage->identity();
        others_at_work |= identity.resource_id == source_.resource_id && identity.source_id != source_.id;
      }
    });
  }
  return !others_at_work;
}

void LocalPublishSession::WhichAreHeld(uint32_t partition, const record::RecordClaims& rows,
                                       std::vector<uint32_t>& entries) {
  static_assert(kNotHeld == index::EntityIndex::kNoEntry);
  entries.assign(rows.size(), kNotHeld);
  const auto catalog = state_.Catalog();
  const catalog::Resource* resource = catalog->FindResource(source_.resource_id);
  if (resource == nullptr || rows.size() == 0) return;
  const bool declared_version = resource->schema->version_item >= 0;
  const uint32_t lane = catalog::LaneOf(*resource, partition, static_cast<uint32_t>(state_.lanes.size()));
  // What is decided and not committed stands before our rows in the input: decided again, it comes to the same.
  state_.lanes[lane]->InspectDecided([&](const pipeline::LaneIndexes& indexes, const pipeline::LaneSnapshots& open) {
    // Before the lane has come to the begin of the dump, changes that are earlier than it may be before the lane.
    const auto* stage = open.Find(source_.resource_id, partition, source_.open_run);
    const index::EntityIndex* index = indexes.FindEntity(source_.resource_id, partition);
    if (stage == nullptr || stage->phase() != snapshot::StagePhase::kOpen || index == nullptr) return;
    index->Look(rows.key, entries, next_entry_[partition]);
    const uint64_t begin = stage->identity().begin_position;  // what changed behind it goes out with its content
    for (size_t i = 0; i < rows.size(); ++i) {
      if (entries[i] == kNotHeld) continue;
      const index::EntityEntry& entry = index->At(entries[i]);
      const bool held = entry.deleted == 0 && entry.content_position < begin &&
                        entry.fingerprint == rows.fingerprint[i] &&
                        (!declared_version || entry.version == rows.version[i]);
      if (!held) entries[i] = kNotHeld;
    }
  });
}

// Under an identity that all registrations share, not the source's own, which nobody knows before: so a process that
// was frozen in here finds its registration fenced by its successor.
absl::Status LocalPublishSession::Register() {
  const std::lock_guard order(state_.source_order);
  ASSIGN_OR_RETURN(const auto registrar, state_.options.broker->OpenWriter(kRegistrarWriter));
  RETURN_IF_ERROR(state_.ConfirmHolder());
  RETURN_IF_ERROR(state_.sources_tail.CatchUp());
  SourceEvent event = NewEvent("");
  event.mutable_registered();
  {
    const std::lock_guard lock(state_.tables);
    if (const SourceState* known = state_.sources.Find(source_.name); known != nullptr) {
      source_ = *known;
      return absl::OkStatus();
    }
    event.set_source_id(state_.sources.NextSourceId());
  }
  RETURN_IF_ERROR(Write(*registrar, {}, event, nullptr));
  source_.id = event.source_id();
  return absl::OkStatus();
}

absl::Status LocalPublishSession::Settle() {
  if (writer_ != nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(TakeOver());
  if (doubted_ && HasLanded(*doubted_)) landed_ = std::move(doubted_);
  doubted_.reset();
  return absl::OkStatus();
}

bool LocalPublishSession::HasLanded(const SourceEvent& event) {
  if (event.has_begun()) return source_.open_run == event.begun().run();
  if (event.has_progress()) {
    return source_.open_run == event.progress().run() && rows_published_ == event.progress().rows_published() &&
           source_.position == event.position();
  }
  return source_.open_run == 0;
}

// Its rows would be judged against what is known without the earlier ones, and what they do not change would be lost
// when one of those is released behind them. A held one does not stand in the way: it is released only while nothing
// comes after it. Not the last one alone: an older one that was held may have been confirmed since.
// A file of another mode has its place in the same order.
absl::Status LocalPublishSession::CheckEarlierSnapshotsAreDone() {
  std::set<uint64_t> open;
  for (const auto& lane : state_.lanes) {
    // What is decided in the topic may not be known here yet from a lane that another process works on.
    RETURN_IF_ERROR(lane->CatchUp());
    lane->Inspect([&](const pipeline::LaneView& view) {
      for (const auto& [place, stage] : view.snapshots.stages()) {
        if (stage->identity().source_id == source_.id) open.insert(stage->identity().snapshot);
      }
    });
  }
  const std::lock_guard lock(state_.tables);
  if (const uint64_t last = source_.last_snapshot; last != 0) {
    const snapshot::SnapshotState* known = state_.snapshots.Find(last);
    if (known == nullptr || !known->decision) {
      return absl::UnavailableError(absl::StrCat("snapshot ", last, " is not decided yet; the source waits"));
    }
  }
  for (const uint64_t one : open) {
    const snapshot::SnapshotState* known = state_.snapshots.Find(one);
    if (known != nullptr && known->decision && known->is_held()) continue;
    return absl::UnavailableError(absl::StrCat("snapshot ", one, " is still taking effect; the source waits"));
  }
  return absl::OkStatus();
}

void LocalPublishSession::BeginSnapshot(const client::UnitDeclaration& unit, exchange::v1::UnitBegun& begun,
                                        ledger::v1::SnapshotMark& mark) {
  const auto catalog = state_.Catalog();
  const catalog::Resource* resource = catalog->FindResource(source_.resource_id);
  const catalog::SnapshotPolicy policy = resource == nullptr ? catalog::SnapshotPolicy() : resource->snapshots;
  {
    const std::lock_guard lock(state_.tables);
    begun.set_flows(policy.early_flow || state_.sources.PublishedOf(source_.resource_id) == 0);
    // What is known to be older must not flow.
    const uint64_t last = state_.snapshots.LastReleasedOf(source_.id);
    const snapshot::SnapshotState* released = state_.snapshots.Find(last);
    if (released != nullptr && ((unit.as_of != 0 && unit.as_of < released->decision->as_of()) ||
                                begun.file_sequence() < state_.sources.runs().at(last).file_sequence)) {
      begun.set_flows(false);
    }
  }
  begun.set_snapshot(true);
  begun.set_as_of(unit.as_of != 0 ? unit.as_of : state_.options.clock->Now());
  begun.set_as_of_declared(unit.as_of != 0);
  begun.set_as_of_from_items(unit.as_of_from_items);
  for (const std::string& column : unit.columns) begun.add_columns(column);
  mark.set_snapshot(begun.run());
  mark.set_source_id(source_.id);
  mark.set_publisher_id(provider_id_);
  auto* begin = mark.mutable_begin();
  begin->set_file_sequence(begun.file_sequence());
  begin->set_file(begun.name());
  begin->set_as_of(begun.as_of());
  begin->set_flows(begun.flows());
  begin->set_same_key(static_cast<uint32_t>(policy.same_key));
}

std::optional<client::UnitRun> LocalPublishSession::AnswerAtOnce(const client::UnitDeclaration& unit, bool snapshot) {
  const std::lock_guard lock(state_.tables);
  const SourceRun* open = source_.open_run == 0 ? nullptr : &state_.sources.runs().at(source_.open_run);
  if (open != nullptr && IsBegunBy(unit, snapshot, *open)) {
    return UnitRunOf(*open, source_.position);
  }
  if (unit.as_new || !unit.identity.empty()) return std::nullopt;
  const SourceRun* latest = state_.sources.FindLatest(source_.resource_id, unit.name);
  const bool may_be_latest = latest != nullptr && MayBeSame(unit, *latest);
  const bool may_be_open = open != nullptr && open->rows_published == 0 && MayBeSame(unit, *open);
  return may_be_latest || may_be_open ? std::optional(client::UnitRun{}) : std::nullopt;
}

absl::StatusOr<client::UnitRun> LocalPublishSession::BeginUnit(const client::UnitDeclaration& unit) {
  RETURN_IF_ERROR(CheckTexts(unit));
  RETURN_IF_ERROR(Settle());
  landed_.reset();
  const bool snapshot = unit.full && has_snapshots_;
  const std::lock_guard order(state_.source_order);
  // The numbers that others were given, also by a commit that its session cannot be sure of.
  RETURN_IF_ERROR(state_.sources_tail.CatchUp());
  if (auto run = AnswerAtOnce(unit, snapshot); run) {
    if (run->run == 0) return *run;
    unfinished_.reset();
    run->may_leave_out = MayLeaveOut(run->run);
    return *run;
  }
  if (source_.open_run != 0) {
    RETURN_IF_ERROR(EndRun(source_.position, false, "abandoned: another file was begun before this one ended", ""));
  }
  RETURN_IF_ERROR(CheckEarlierSnapshotsAreDone());
  client::UnitRun run;
  run.snapshot = snapshot;
  run.name = unit.name;
  run.identity = unit.identity;
  run.position = source_.position;
  {
    const std::lock_guard lock(state_.tables);
    run.run = state_.sources.NextRun();
    const SourceRun* latest =
        unit.as_new || unit.identity.empty() ? nullptr : state_.sources.FindLatest(source_.resource_id, unit.name);
    run.seen_before = latest != nullptr && latest->identity == unit.identity;
    run.file_sequence = run.seen_before ? latest->file_sequence : state_.sources.NextFileSequence(source_.resource_id);
  }
  if (run.file_sequence > record::kFileSequenceMax) {
    return absl::OutOfRangeError(absl::StrCat("source \"", source_.name, "\": a resource has room for ",
                                              record::kFileSequenceMax, " different files"));
  }
  SourceEvent event = NewEvent(source_.position);
  auto* begun = event.mutable_begun();
  begun->set_run(run.run);
  begun->set_file_sequence(run.file_sequence);
  begun->set_name(unit.name);
  begun->set_identity(unit.identity);
  begun->set_bytes_total(unit.bytes_total);
  begun->set_full(unit.full);
  begun->set_seen_before(run.seen_before);
  ledger::v1::SnapshotMark mark;
  if (snapshot) BeginSnapshot(unit, *begun, mark);
  RETURN_IF_ERROR(Commit({}, event, snapshot ? &mark : nullptr));
  source_.open_run = run.run;
  open_is_snapshot_ = snapshot;
  if (snapshot) source_.last_snapshot = run.run;
  unfinished_.reset();
  rows_published_ = 0;
  run.may_leave_out = MayLeaveOut(run.run);
  return run;
}

absl::Status LocalPublishSession::CheckBacklog() {
  if (publishes_until_check_-- > 0) return absl::OkStatus();
  RETURN_IF_ERROR(state_.sources_tail.Follow());
  uint64_t published = 0;
  {
    const std::lock_guard lock(state_.tables);
    published = state_.sources.PublishedOf(source_.resource_id);
  }
  const uint64_t decided = state_.DecidedOf(source_.resource_id);
  if (published > decided && published - decided > state_.options.backlog_records_max) {
    publishes_until_check_ = 0;
    return absl::ResourceExhaustedError(absl::StrCat("the exchange is ", published - decided, " records behind on \"",
                                                     publish_topic_, "\"; the source waits"));
  }
  publishes_until_check_ = kPublishesBetweenBacklogChecks;
  return absl::OkStatus();
}

absl::Status LocalPublishSession::Publish(std::vector<client::PublishBatch> batches, const std::string& position,
                                          uint64_t rows) {
  RETURN_IF_ERROR(Settle());
  if (const auto landed = std::exchange(landed_, std::nullopt);
      landed && landed->has_progress() && landed->position() == position) {
    return absl::OkStatus();
  }
  if (source_.open_run == 0) return absl::FailedPreconditionError("no unit is open: BeginUnit comes first");
  for (const client::PublishBatch& batch : batches) {
    if (batch.partition >= partitions_) {
      return absl::InvalidArgumentError(absl::StrCat("partition ", batch.partition, " of ", partitions_));
    }
    if (batch.bytes.size() > base::kBatchBytesMax) return absl::InvalidArgumentError("a batch is too large");
  }
  RETURN_IF_ERROR(CheckText("the position", position));
  RETURN_IF_ERROR(CheckBacklog());
  SourceEvent event = NewEvent(position);
  event.mutable_progress()->set_run(source_.open_run);
  event.mutable_progress()->set_rows_published(rows_published_ + rows);
  RETURN_IF_ERROR(Commit(std::move(batches), event));
  rows_published_ += rows;
  return absl::OkStatus();
}

absl::Status LocalPublishSession::EndUnit(const std::string& position, bool complete, const std::string& failure,
                                          const std::string& identity) {
  RETURN_IF_ERROR(Settle());
  if (const auto landed = std::exchange(landed_, std::nullopt); landed && landed->has_ended()) return absl::OkStatus();
  if (source_.open_run == 0) return absl::FailedPreconditionError("no unit is open");
  RETURN_IF_ERROR(CheckText("the position", position));
  RETURN_IF_ERROR(CheckText("the identity of the unit", identity));
  return EndRun(position, complete, record::Printable(failure, kFailureBytesMax), identity);
}

absl::Status LocalPublishSession::EndRun(const std::string& position, bool complete, const std::string& failure,
                                         const std::string& identity) {
  SourceEvent event = NewEvent(position);
  event.mutable_ended()->set_run(source_.open_run);
  event.mutable_ended()->set_complete(complete);
  event.mutable_ended()->set_failure(failure);
  event.mutable_ended()->set_identity(identity);
  ledger::v1::SnapshotMark mark;
  mark.set_snapshot(source_.open_run);
  mark.set_source_id(source_.id);
  mark.set_publisher_id(provider_id_);
  mark.mutable_end()->set_complete(complete);
  RETURN_IF_ERROR(Commit({}, event, open_is_snapshot_ ? &mark : nullptr));
  source_.open_run = 0;
  open_is_snapshot_ = false;
  unfinished_.reset();
  return absl::OkStatus();
}

absl::Status LocalPublishSession::Commit(std::vector<client::PublishBatch> batches, const SourceEvent& event,
                                         const ledger::v1::SnapshotMark* mark) {
  const absl::Status written = Write(*writer_, std::move(batches), event, mark);
  if (written.ok()) {
    source_.position = event.position();
    return written;
  }
  if (!absl::IsUnavailable(written) && !absl::IsAborted(written)) return written;
  writer_.reset();
  doubted_ = event;
  if (absl::IsUnavailable(written)) return written;
  // Fenced: by a session that is to have the source, or by a process that was asleep when it lost the exchange, and
  // will write no more.
  RETURN_IF_ERROR(Settle());
  return absl::UnavailableError(absl::StrCat(written.message(), "; opened again"));
}

absl::Status LocalPublishSession::Write(broker::Writer& writer, std::vector<client::PublishBatch> batches,
                                        const SourceEvent& event, const ledger::v1::SnapshotMark* mark) {
  ASSIGN_OR_RETURN(const auto transaction, writer.Begin());
  for (client::PublishBatch& batch : batches) {
    transaction->Append({publish_topic_, batch.partition}, "", "", broker::Body(std::move(batch.bytes)));
  }
  for (uint32_t partition = 0; mark != nullptr && partition < partitions_; ++partition) {
    transaction->Append({publish_topic_, partition}, "", snapshot::EncodeMark(*mark), broker::Body());
  }
  transaction->Append({kSourcesTopic, 0}, "", "", broker::Body(EncodeSourceEvent(event)));
  RETURN_IF_ERROR(transaction->Commit());
  state_.options.steps->Reached("publish.committed");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<client::PublishSession>> OpenPublishSession(ExchangeState& state,
                                                                           const std::string& source,
                                                                           const std::string& resource) {
  const auto catalog = state.Catalog();
  const catalog::Resource* found = catalog->FindResource(resource);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("resource \"", resource, "\" is not in the catalog"));
  }
  auto session = std::make_unique<LocalPublishSession>(state, source, *found);
  RETURN_IF_ERROR(session->Open());
  return session;
}

absl::Status FenceEarlierSources(ExchangeState& state) {
  broker::Broker& broker = *state.options.broker;
  RETURN_IF_ERROR(broker.OpenWriter(kRegistrarWriter).status());  // no more of them from here on
  // Without waiting: what a dead one left open is decided by the fence itself, and hides what was written behind it.
  RETURN_IF_ERROR(state.sources_tail.Follow());
  std::set<std::string> fenced;
  while (true) {
    std::set<std::string> names;
    {
      const std::lock_guard lock(state.tables);
      for (const auto& [id, source] : state.sources.sources()) names.insert(source.name);
    }
    if (names == fenced) return absl::OkStatus();
    for (const std::string& name : names) {
      if (!fenced.contains(name)) RETURN_IF_ERROR(broker.OpenWriter(SourceWriter(name)).status());
    }
    fenced = std::move(names);
    RETURN_IF_ERROR(state.sources_tail.CatchUp());
  }
}

}  // namespace datong::node
