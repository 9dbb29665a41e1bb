// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/publish_session.h"

#include <absl/strings/str_cat.h>

#include <mutex>
#include <utility>

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/record/batch_layout.h"

namespace datong::node {
namespace {

using exchange::v1::SourceEvent;

constexpr int kPublishesBetweenBacklogChecks = 8;

class LocalPublishSession final : public client::PublishSession {
 public:
  LocalPublishSession(ExchangeState& state, std::unique_ptr<broker::Writer> writer, SourceState source,
                      std::string publish_topic, uint32_t partitions)
      : state_(state),
        writer_(std::move(writer)),
        source_(std::move(source)),
        publish_topic_(std::move(publish_topic)),
        partitions_(partitions) {}

  uint32_t source_id() const override { return source_.id; }
  const std::optional<client::UnitRun>& unfinished() const override { return unfinished_; }
  const std::string& position() const override { return source_.position; }

  absl::Status Register(bool known);
  absl::StatusOr<client::UnitRun> BeginUnit(const std::string& name, const std::string& identity, uint64_t bytes_total,
                                            bool full, bool as_new) override;
  absl::Status Publish(std::vector<client::PublishBatch> batches, const std::string& position, uint64_t rows) override;
  absl::Status EndUnit(const std::string& position, bool complete, const std::string& failure) override;

 private:
  SourceEvent NewEvent(const std::string& position) const;
  // One transaction with the batches and the events; then the table learns the events.
  absl::Status Commit(std::vector<client::PublishBatch> batches, const std::vector<SourceEvent>& events);
  absl::Status CheckBacklog();

  ExchangeState& state_;
  std::unique_ptr<broker::Writer> writer_;
  SourceState source_;
  const std::string publish_topic_;
  const uint32_t partitions_;
  std::optional<client::UnitRun> unfinished_;
  uint64_t rows_published_ = 0;  // of the open run
  int publishes_until_check_ = 0;
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

absl::Status LocalPublishSession::Register(bool known) {
  if (!known) {
    SourceEvent event = NewEvent("");
    event.mutable_registered();
    return Commit({}, {event});
  }
  const std::lock_guard lock(state_.tables);
  if (source_.open_run != 0) {
    const SourceRun& run = state_.sources.runs().at(source_.open_run);
    unfinished_ = client::UnitRun{run.run,          run.file_sequence,  run.name,       run.identity,
                                  source_.position, run.rows_published, run.seen_before};
    rows_published_ = run.rows_published;
  }
  return absl::OkStatus();
}

absl::StatusOr<client::UnitRun> LocalPublishSession::BeginUnit(const std::string& name, const std::string& identity,
                                                               uint64_t bytes_total, bool full, bool as_new) {
  const std::lock_guard order(state_.source_order);
  client::UnitRun run;
  run.name = name;
  run.identity = identity;
  run.position = source_.position;
  {
    const std::lock_guard lock(state_.tables);
    run.run = state_.sources.NextRun();
    const SourceRun* earlier = as_new ? nullptr : state_.sources.FindUnit(source_.resource_id, name, identity);
    run.file_sequence =
        earlier != nullptr ? earlier->file_sequence : state_.sources.NextFileSequence(source_.resource_id);
    run.seen_before = earlier != nullptr;
  }
  if (run.file_sequence > record::kFileSequenceMax) {
    return absl::OutOfRangeError(absl::StrCat("source \"", source_.name, "\": a resource has room for ",
                                              record::kFileSequenceMax, " different files"));
  }
  std::vector<SourceEvent> events;
  if (source_.open_run != 0) {
    SourceEvent ended = NewEvent(source_.position);
    ended.mutable_ended()->set_run(source_.open_run);
    ended.mutable_ended()->set_failure("abandoned: another file was begun before this one ended");
    events.push_back(std::move(ended));
  }
  SourceEvent event = NewEvent(source_.position);
  auto* begun = event.mutable_begun();
  begun->set_run(run.run);
  begun->set_file_sequence(run.file_sequence);
  begun->set_name(name);
  begun->set_identity(identity);
  begun->set_bytes_total(bytes_total);
  begun->set_full(full);
  begun->set_seen_before(run.seen_before);
  events.push_back(std::move(event));
  RETURN_IF_ERROR(Commit({}, events));
  source_.open_run = run.run;
  unfinished_.reset();
  rows_published_ = 0;
  return run;
}

absl::Status LocalPublishSession::CheckBacklog() {
  if (publishes_until_check_-- > 0) return absl::OkStatus();
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
  if (source_.open_run == 0) return absl::FailedPreconditionError("no unit is open: BeginUnit comes first");
  for (const client::PublishBatch& batch : batches) {
    if (batch.partition >= partitions_) {
      return absl::InvalidArgumentError(absl::StrCat("partition ", batch.partition, " of ", partitions_));
    }
    if (batch.bytes.size() > base::kBatchBytesMax) return absl::InvalidArgumentError("a batch is too large");
  }
  RETURN_IF_ERROR(CheckBacklog());
  SourceEvent event = NewEvent(position);
  event.mutable_progress()->set_run(source_.open_run);
  event.mutable_progress()->set_rows_published(rows_published_ + rows);
  RETURN_IF_ERROR(Commit(std::move(batches), {event}));
  rows_published_ += rows;
  return absl::OkStatus();
}

absl::Status LocalPublishSession::EndUnit(const std::string& position, bool complete, const std::string& failure) {
  if (source_.open_run == 0) return absl::FailedPreconditionError("no unit is open");
  SourceEvent event = NewEvent(position);
  event.mutable_ended()->set_run(source_.open_run);
  event.mutable_ended()->set_complete(complete);
  event.mutable_ended()->set_failure(failure);
  RETURN_IF_ERROR(Commit({}, {event}));
  source_.open_run = 0;
  unfinished_.reset();
  return absl::OkStatus();
}

absl::Status LocalPublishSession::Commit(std::vector<client::PublishBatch> batches,
                                         const std::vector<SourceEvent>& events) {
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  for (client::PublishBatch& batch : batches) {
    transaction->Append({publish_topic_, batch.partition}, "", "", broker::Body(std::move(batch.bytes)));
  }
  for (const SourceEvent& event : events) {
    transaction->Append({kSourcesTopic, 0}, "", "", broker::Body(EncodeSourceEvent(event)));
  }
  RETURN_IF_ERROR(transaction->Commit());
  state_.options.steps->Reached("publish.committed");
  source_.position = events.back().position();
  const std::lock_guard lock(state_.tables);
  for (const SourceEvent& event : events) RETURN_IF_ERROR(state_.sources.Apply(event));
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
  // First the fence, then the look: what an older holder wrote is in the table by now, and it can write no more.
  ASSIGN_OR_RETURN(auto writer, state.options.broker->OpenWriter(absl::StrCat("source.", source)));
  const std::lock_guard order(state.source_order);
  SourceState known;
  {
    const std::lock_guard lock(state.tables);
    if (const SourceState* existing = state.sources.Find(source); existing != nullptr) {
      known = *existing;
    } else {
      known.name = source;
      known.resource_id = found->id;
    }
  }
  if (known.resource_id != found->id) {
    return absl::FailedPreconditionError(absl::StrCat("source \"", source,
                                                      "\" publishes another resource; one source, one ",
                                                      "resource: give the new one its own name"));
  }
  const bool is_known = known.id != 0;
  if (!is_known) {
    const std::lock_guard lock(state.tables);
    known.id = state.sources.NextSourceId();
  }
  auto session = std::make_unique<LocalPublishSession>(state, std::move(writer), std::move(known),
                                                       found->publish_topic(), found->partitions);
  RETURN_IF_ERROR(session->Register(is_known));
  return session;
}

}  // namespace datong::node
