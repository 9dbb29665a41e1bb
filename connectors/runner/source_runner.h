// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/runner/back_off.h"
#include "connectors/runner/batch_packer.h"
#include "connectors/runner/column_map.h"
#include "connectors/runner/row_recorder.h"
#include "connectors/runner/runner_error.h"
#include "connectors/runner/source_publisher.h"
#include "connectors/runner/source_reader.h"
#include "connectors/sdk/source_connector.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/client/exchange_client.h"

namespace datong::runner {

struct SourceRunnerOptions {
  std::string source;  // name, unique in the exchange
  std::string resource;
  std::map<std::string, std::string> item_of_column;  // where names differ
  bool full = false;                                  // each unit is a full dump
  bool as_new = false;                                // a unit read before counts as a new one
  // A publish goes out when so much is there; about, for a Read is never split. Each costs some syncs, however large.
  size_t rows_per_publish_max = 200'000;
  size_t bytes_per_publish_target = size_t{2} << 20;      // or, with many partitions,
  size_t bytes_per_partition_target = size_t{256} << 10;  // so much for each
  record::Codec codec = record::Codec::kZstd;
  // Where the source remembers the rows of its last full dump (row_memory_file.h); "" = nowhere.
  std::string row_memory_directory;
  base::FileSystem* files = &base::PosixFileSystem();
};

struct SourceProgress {
  enum class State {
    kRunning,
    kWaiting,
    kFinished,
    kFailed
  };  // kWaiting: `error` says for what, or the source has nothing now
  State state = State::kRunning;
  std::string unit;         // at hand or last
  uint64_t bytes_read = 0;  // of the unit, as stored
  uint64_t bytes_total = 0;
  uint64_t rows_published = 0;  // by this runner, unreadable ones included
  uint64_t unreadable = 0;      // of these: unreadable at the source (the exchange may find more)
  uint64_t units_complete = 0;
  uint64_t units_failed = 0;
  std::string unit_failure;                  // of the last unit that failed
  RunnerError error;                         // why it waits or failed
  std::vector<std::string> ignored_columns;  // of the unit: columns that feed no item
};

// Carries one source's rows into the exchange: maps columns to items, packs batches, publishes them with the source's
// position, begins and ends units. While it packs, its reader reads on, and its publisher encodes and commits what was
// packed before; both are workers of their own. A unit whose columns do not feed the resource fails; but of a snapshot
// that lacks the key nothing is published and it ends complete with its declared columns, so that the exchange holds it
// and says why. At any moment it may be destroyed, or the process killed: the next runner goes on at the position the
// exchange has. Steps: "source.publish" before, "source.published" after each publish; "source.unit_ended".
class SourceRunner final : public base::Worker {
 public:
  // All references must outlive it. `scheduler` steps reader and publisher as long as the runner lives; the runner
  // itself is the caller's to add, to the same one.
  SourceRunner(SourceRunnerOptions options, std::unique_ptr<sdk::SourceConnector> connector,
               client::ExchangeClient& exchange, base::Scheduler& scheduler, base::Clock& clock,
               base::RandomSource& random, base::StepObserver& observer = base::NoObserver());
  ~SourceRunner() override;

  std::string_view Name() const override { return name_; }
  base::StepResult Step() override;
  SourceProgress progress() const;  // thread-safe

 private:
  using RecalledRead = SourceReader::RecalledRead;
  // What must happen next; every action can be repeated after a failure that passes.
  enum class Next { kOpen, kRead, kBeginUnit, kIdentify, kPublish, kEndUnit, kEndSource, kFinish };

  bool RemembersRows() const { return options_.full && !options_.row_memory_directory.empty(); }
  sdk::SourceRead& read() { return read_->read; }
  base::StepResult DoNext();
  base::StepResult Open();
  base::StepResult Read();
  base::StepResult BeginUnit();
  base::StepResult Identify();
  base::StepResult ReadAnew();
  void BeginPacking(const sdk::Unit& unit);
  base::StepResult TakeRows();
  base::StepResult Publish();
  base::StepResult EndUnit();
  base::StepResult EndSource();
  base::StepResult Finish();
  void CollectPublished();
  std::unique_ptr<RecalledRead> CollectRead();
  void Acknowledge(const std::string& position);
  PublishJob TakeJob();
  base::StepResult GoOnWith(Next next);
  base::StepResult Trouble(RunnerError error);  // waits when it may pass, else stops
  void Succeeded();
  template <typename Change>
  void Update(Change change);

  const SourceRunnerOptions options_;
  const std::string name_;
  const std::unique_ptr<sdk::SourceConnector> connector_;
  client::ExchangeClient& exchange_;
  base::Scheduler& scheduler_;
  base::Clock& clock_;
  base::StepObserver& observer_;
  BackOff back_off_;

  Next next_ = Next::kOpen;
  base::TimeUs wait_until_ = 0;
  bool connector_open_ = false;
  std::optional<client::ResourceInfo> resource_;
  std::unique_ptr<client::PublishSession> session_;
  std::optional<client::UnitRun> unfinished_;  // from the exchange, until the source has announced a unit
  std::optional<client::UnitRun> run_;         // the unit at hand
  uint64_t run_rows_ = 0;                      // of it, handed to the publisher
  ColumnMap columns_;
  bool reads_past_ = false;              // no row of the unit can be taken
  std::optional<RowRecorder> recorder_;  // of a full dump whose rows are remembered
  std::optional<BatchPacker> packer_;
  SourceReader reader_;
  SourcePublisher publisher_;
  std::unique_ptr<PublishJob> unpublished_;                                // one that failed, to be handed over again
  std::unique_ptr<RecalledRead> read_ = std::make_unique<RecalledRead>();  // at hand
  std::unique_ptr<RecalledRead> spare_read_ = std::make_unique<RecalledRead>();  // null: the reader has it
  std::optional<std::string> acknowledged_;  // to be told once the Read under way has ended
  std::string rows_position_;                // behind the rows in packer_; within their unit
  std::string position_;                     // behind everything read

  mutable std::mutex mutex_;
  SourceProgress progress_;  // guarded by mutex_
};

}  // namespace datong::runner
