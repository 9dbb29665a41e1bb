// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/source_runner.h"

#include <algorithm>
#include <utility>

#include "connectors/runner/row_signature.h"

namespace datong::runner {
namespace {

constexpr size_t kIgnoredColumnsMax = 256;

// That the last snapshot is not decided yet is no trouble, and people should not read it as one.
RunnerError WhyNotBegun(const absl::Status& status) {
  RunnerError error = RunnerError::From(status);
  if (absl::IsUnavailable(status)) error.code = "waiting";
  return error;
}

}  // namespace

SourceRunner::SourceRunner(SourceRunnerOptions options, std::unique_ptr<sdk::SourceConnector> connector,
                           client::ExchangeClient& exchange, base::Scheduler& scheduler, base::Clock& clock,
                           base::RandomSource& random, base::StepObserver& observer)
    : options_(std::move(options)),
      name_("source " + options_.source),
      connector_(std::move(connector)),
      exchange_(exchange),
      scheduler_(scheduler),
      clock_(clock),
      observer_(observer),
      back_off_(random),
      reader_("reader of " + options_.source, RemembersRows(), *connector_, *this, scheduler),
      publisher_("publisher of " + options_.source, *this, scheduler, observer) {
  scheduler_.Add(reader_);
  scheduler_.Add(publisher_);
}

SourceRunner::~SourceRunner() {
  scheduler_.Remove(publisher_);
  scheduler_.Remove(reader_);
  if (connector_open_) connector_->Close();
}

template <typename Change>
void SourceRunner::Update(Change change) {
  const std::lock_guard<std::mutex> lock(mutex_);
  change(progress_);
}

SourceProgress SourceRunner::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return progress_;
}

base::StepResult SourceRunner::Step() {
  CollectPublished();
  if (next_ == Next::kFinish) return Finish();
  if (wait_until_ != 0) {
    if (clock_.Steady() < wait_until_) return base::StepResult::IdleUntil(wait_until_);
    wait_until_ = 0;
  }
  if (unpublished_ != nullptr) publisher_.Hand(std::move(unpublished_));
  return DoNext();
}

void SourceRunner::CollectPublished() {
  std::unique_ptr<PublishJob> job = publisher_.TakeBack();
  if (job == nullptr) return;
  const bool finishes = next_ == Next::kFinish;
  if (!job->status.ok()) {
    if (finishes) return;  // the next runner reads it again
    unpublished_ = std::move(job);
    Trouble(RunnerError::From(unpublished_->status));
    return;
  }
  const uint64_t rows = job->filled.rows;
  packer_->GiveBack(std::move(job->filled));
  if (!finishes && wait_until_ == 0) Succeeded();  // else what is told is about the reading
  Update([&](SourceProgress& progress) { progress.rows_published += rows; });
  if (connector_open_) Acknowledge(job->position);
}

// Tells the connector, or, while its Read is under way, as soon as that has ended.
void SourceRunner::Acknowledge(const std::string& position) {
  if (reader_.AtWork()) {
    acknowledged_ = position;
  } else {
    connector_->Acknowledge(position);
  }
}

// Null: the Read has not ended yet.
std::unique_ptr<SourceReader::RecalledRead> SourceRunner::CollectRead() {
  std::unique_ptr<RecalledRead> ended = reader_.TakeRead();
  if (ended != nullptr && acknowledged_) connector_->Acknowledge(*std::exchange(acknowledged_, std::nullopt));
  return ended;
}

base::StepResult SourceRunner::DoNext() {
  switch (next_) {
    case Next::kOpen:
      return Open();
    case Next::kRead:
      return Read();
    case Next::kBeginUnit:
      return BeginUnit();
    case Next::kIdentify:
      return Identify();
    case Next::kPublish:
      return Publish();
    case Next::kEndUnit:
      return EndUnit();
    case Next::kEndSource:
      return EndSource();
    case Next::kFinish:
      break;
  }
  return Finish();
}

base::StepResult SourceRunner::GoOnWith(Next next) {
  next_ = next;
  return base::StepResult::Busy();
}

void SourceRunner::Succeeded() {
  back_off_.Reset();
  Update([](SourceProgress& progress) {
    progress.state = SourceProgress::State::kRunning;
    progress.error = {};
  });
}

base::StepResult SourceRunner::Trouble(RunnerError error) {
  const bool retryable = error.retryable;
  Update([&](SourceProgress& progress) {
    progress.state = retryable ? SourceProgress::State::kWaiting : SourceProgress::State::kFailed;
    progress.error = std::move(error);
  });
  if (!retryable) return Finish();
  wait_until_ = clock_.Steady() + back_off_.Next();
  return base::StepResult::IdleUntil(wait_until_);
}

base::StepResult SourceRunner::Finish() {
  next_ = Next::kFinish;
  if (publisher_.AtWork()) return base::StepResult::Idle();  // with our session
  if (reader_.AtWork() && CollectRead() == nullptr) return base::StepResult::Idle();
  if (std::exchange(connector_open_, false)) connector_->Close();
  session_.reset();  // the next runner of this source need not fence us
  return base::StepResult::Finished();
}

base::StepResult SourceRunner::Open() {
  if (!resource_) {
    absl::StatusOr<client::ResourceInfo> resource = exchange_.DescribeResource(options_.resource);
    if (!resource.ok()) return Trouble(RunnerError::From(resource.status()));
    resource_ = *std::move(resource);
    packer_.emplace(*resource_);
  }
  if (session_ == nullptr) {
    absl::StatusOr<std::unique_ptr<client::PublishSession>> session =
        exchange_.OpenPublisher(options_.source, options_.resource);
    if (!session.ok()) return Trouble(RunnerError::From(session.status()));
    session_ = *std::move(session);
    unfinished_ = session_->unfinished();
  }
  // A run begun but never published to has no position of its own.
  const bool inside = unfinished_ && !unfinished_->position.empty();
  if (const sdk::Status opened = connector_->Open(inside ? unfinished_->position : session_->position());
      !opened.ok()) {
    return Trouble(RunnerError::From(opened));
  }
  connector_open_ = true;
  Succeeded();
  return GoOnWith(Next::kRead);
}

base::StepResult SourceRunner::Read() {
  if (!reader_.AtWork()) reader_.Ask(std::exchange(spare_read_, nullptr));
  std::unique_ptr<RecalledRead> ended = CollectRead();
  if (ended == nullptr) return base::StepResult::Idle();  // its end wakes us
  spare_read_ = std::exchange(read_, std::move(ended));
  if (const sdk::Status& status = read_->status; !status.ok()) {
    // What was read before the trouble need not wait for its end.
    if (status.retryable() && packer_->rows() != 0) return GoOnWith(Next::kPublish);
    return Trouble(RunnerError::From(status));
  }
  // Before a unit has begun its connector may be asked for its identity, and nobody knows what rows are recalled from.
  const bool reads_on = !read().exhausted && read().idle_ms == 0 && !read().unit_begun;
  if (reads_on) reader_.Ask(std::move(spare_read_));
  if (!publisher_.AtWork()) Succeeded();  // else that is still to be seen
  const bool unit_over = read().unit_ended || !read().unit_failure.empty();
  if (unit_over && read().rows.rows() != 0) {
    return Trouble(
        {"bad_connector", "the source ended a unit together with rows", "report this to whoever wrote it", false});
  }
  if (read().unit_begun && run_) {
    return Trouble(
        {"bad_connector", "the source began a unit inside another one", "report this to whoever wrote it", false});
  }
  if (read().unit_begun) return GoOnWith(Next::kBeginUnit);
  return TakeRows();
}

base::StepResult SourceRunner::BeginUnit() {
  sdk::Unit& unit = *read().unit_begun;
  if (unit.identity.empty()) unit.identity = read().identity;  // one Read may be all of a unit
  // Items that the resource was given since are taken from the next unit on. Nothing is packed between two units.
  absl::StatusOr<client::ResourceInfo> resource = exchange_.DescribeResource(options_.resource);
  if (!resource.ok()) return Trouble(RunnerError::From(resource.status()));
  if (resource->schema.version != resource_->schema.version) {
    resource_ = *std::move(resource);
    packer_.emplace(*resource_);
  }
  // A unit that failed before its columns were known has none to map.
  ColumnMap columns =
      read().unit_failure.empty() ? MapColumns(resource_->schema, unit.columns, options_.item_of_column) : ColumnMap();
  const bool unfinished =
      unfinished_ && (unit.goes_on ? unfinished_->name == unit.name
                                   : !unit.identity.empty() && unfinished_->identity == unit.identity);
  if (unfinished) {
    run_ = std::exchange(unfinished_, std::nullopt);
  } else if (unit.goes_on) {
    return ReadAnew();
  } else {
    client::UnitDeclaration declared{.name = unit.name,
                                     .identity = unit.identity,
                                     .bytes_total = unit.bytes_total,
                                     .full = options_.full,
                                     .as_new = options_.as_new,
                                     .as_of = unit.as_of_us,
                                     .as_of_from_items = unit.as_of_from_rows,
                                     .columns = columns.names};
    absl::StatusOr<client::UnitRun> run = session_->BeginUnit(declared);
    if (!run.ok()) return Trouble(WhyNotBegun(run.status()));
    if (run->run == 0) return GoOnWith(Next::kIdentify);
    run_ = *std::move(run);
    unfinished_.reset();
  }
  run_rows_ = run_->rows_published;
  columns_ = std::move(columns);
  reads_past_ = !columns_.failure.empty();
  if (run_->snapshot && columns_.lacks_key) columns_.failure.clear();
  BeginPacking(unit);
  Succeeded();
  Update([&](SourceProgress& progress) {
    progress.unit = unit.name;
    progress.bytes_total = unit.bytes_total;
    progress.bytes_read = 0;
    progress.ignored_columns = columns_.ignored_columns;
  });
  return TakeRows();
}

// No Read is under way: the next one is asked for when the unit has begun.
base::StepResult SourceRunner::Identify() {
  std::string& identity = read().unit_begun->identity;
  if (const sdk::Status told = connector_->Identify(identity); !told.ok()) return Trouble(RunnerError::From(told));
  Succeeded();
  return GoOnWith(identity.empty() ? Next::kIdentify : Next::kBeginUnit);
}

// The run that the source would go on in was given up for another one: what is begun now needs all of its rows.
base::StepResult SourceRunner::ReadAnew() {
  if (std::exchange(connector_open_, false)) connector_->Close();
  if (const sdk::Status opened = connector_->Open(""); !opened.ok()) return Trouble(RunnerError::From(opened));
  connector_open_ = true;
  return GoOnWith(Next::kRead);
}

// Rows of a full dump are remembered. What the last one's rows became tells which of these the exchange may hold.
void SourceRunner::BeginPacking(const sdk::Unit& unit) {
  recorder_.reset();
  std::unique_ptr<RememberedRows> remembered;
  BatchPacker::WhichAreHeld which_are_held;
  const bool has_rows =
      !reads_past_ && !columns_.column_of_item.empty();  // else it failed before its columns were known
  if (run_->snapshot && has_rows && RemembersRows()) {
    options_.files->MakeDirectories(options_.row_memory_directory).IgnoreError();  // no folder, no memory
    const std::string path =
        options_.row_memory_directory + "/source-" + std::to_string(session_->source_id()) + ".rows";
    const base::Digest meaning = MeaningOf(*resource_, columns_, unit.reading);
    recorder_.emplace(*options_.files, path, meaning, run_rows_ == 0);
    if (run_->may_leave_out) {
      remembered = std::make_unique<RememberedRows>(*options_.files, path, meaning);
      which_are_held = [this](uint32_t partition, const record::RecordClaims& claims, std::vector<uint32_t>& entries) {
        session_->WhichAreHeld(partition, claims, entries);
      };
    }
  }
  packer_->BeginUnit(columns_, recorder_ ? &*recorder_ : nullptr, std::move(which_are_held));
  reader_.BeginUnit(std::move(remembered));
}

base::StepResult SourceRunner::TakeRows() {
  if (read().rows.rows() != 0) {
    if (!run_)
      return Trouble(
          {"bad_connector", "the source gave rows outside of a unit", "report this to whoever wrote it", false});
    if (!reads_past_) packer_->Add(read().rows, &read_->recalled);
    rows_position_ = read().position;
  }
  if (!read().position.empty()) position_ = read().position;
  const uint64_t unreadable = read().rows.unreadable_rows();
  const bool waits = read().idle_ms > 0;
  Update([&](SourceProgress& progress) {
    // A publish that failed is being tried again: that is what it waits for.
    const bool waiting = waits || (publisher_.AtWork() && !progress.error.code.empty());
    progress.state = waiting ? SourceProgress::State::kWaiting : SourceProgress::State::kRunning;
    if (run_) progress.bytes_read = std::max(progress.bytes_read, read().bytes_read);
    progress.unreadable += reads_past_ ? 0 : unreadable;
    for (std::string& name : read().unknown_columns) {
      if (progress.ignored_columns.size() < kIgnoredColumnsMax) progress.ignored_columns.push_back(std::move(name));
    }
  });

  const bool unit_over = read().unit_ended || !read().unit_failure.empty();
  const size_t bytes_target =
      std::max(options_.bytes_per_publish_target, options_.bytes_per_partition_target * resource_->partitions);
  const bool enough = packer_->rows() >= options_.rows_per_publish_max || packer_->bytes() >= bytes_target;
  if (packer_->rows() != 0 && (enough || unit_over || waits || read().exhausted)) return GoOnWith(Next::kPublish);
  if (unit_over && run_) return GoOnWith(Next::kEndUnit);
  if (read().exhausted) return GoOnWith(Next::kEndSource);
  if (waits) {
    wait_until_ = clock_.Steady() + read().idle_ms * 1000;
    next_ = Next::kRead;
    return base::StepResult::IdleUntil(wait_until_);
  }
  return GoOnWith(Next::kRead);
}

base::StepResult SourceRunner::Publish() {
  if (publisher_.AtWork()) return base::StepResult::Idle();  // its end wakes us
  publisher_.Hand(std::make_unique<PublishJob>(TakeJob()));
  // What the Read said besides its rows is still to be done.
  read().rows.Clear();
  read().unknown_columns.clear();
  return TakeRows();
}

// With rows_position_, not position_: when the unit's end was read too, position_ is behind the unit already, and a
// crash before EndUnit would then lose that end.
PublishJob SourceRunner::TakeJob() {
  PublishJob job;
  job.session = session_.get();
  job.filled = packer_->Take();
  job.position = rows_position_;
  job.rows_before = run_rows_;
  record::BatchHeader& header = job.header;
  header.resource_id = resource_->schema.resource_id;
  header.schema_version = resource_->schema.version;
  header.digest_key_id = resource_->domain_key.id;
  header.publisher_id = resource_->provider_id;
  header.source_id = session_->source_id();
  header.publisher_epoch = run_->run;
  header.codec = run_->snapshot ? record::Codec::kLz4 : options_.codec;
  header.created_time = clock_.Now();
  header.resume_position = rows_position_;
  header.files = {{run_->file_sequence, run_->name}};
  if (run_->snapshot) {
    header.snapshot_id = run_->run;
    header.snapshot_marks = record::kSnapshotPart | (run_rows_ == 0 ? record::kSnapshotBegin : 0);
  }
  run_rows_ += job.filled.rows;
  return job;
}

base::StepResult SourceRunner::EndUnit() {
  if (publisher_.AtWork()) return base::StepResult::Idle();
  const std::string failure = !columns_.failure.empty() ? columns_.failure : read().unit_failure;
  if (failure.empty() && run_->identity.empty() && read().identity.empty()) {
    return Trouble({"bad_connector", "the source ended a unit without telling its identity",
                    "report this to whoever wrote it", false});
  }
  if (const absl::Status ended = session_->EndUnit(position_, failure.empty(), failure, read().identity); !ended.ok()) {
    return Trouble(RunnerError::From(ended));
  }
  observer_.Reached("source.unit_ended");
  if (recorder_) recorder_->EndUnit(failure.empty() && !reads_past_);
  recorder_.reset();
  run_.reset();
  read().unit_ended = false;
  read().unit_failure.clear();
  columns_ = ColumnMap();
  reads_past_ = false;
  Succeeded();
  Update([&](SourceProgress& progress) {
    ++(failure.empty() ? progress.units_complete : progress.units_failed);
    if (!failure.empty()) progress.unit_failure = failure;
    if (failure.empty()) progress.bytes_read = progress.bytes_total;
  });
  Acknowledge(position_);
  return TakeRows();
}

base::StepResult SourceRunner::EndSource() {
  if (publisher_.AtWork()) return base::StepResult::Idle();
  Update([](SourceProgress& progress) { progress.state = SourceProgress::State::kFinished; });
  return Finish();
}

}  // namespace datong::runner
