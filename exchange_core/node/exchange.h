// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/client/exchange_client.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/pipeline/lane.h"

// One exchange in one process: opens the broker's topics, recovers the lanes, takes catalog changes, serves connectors,
// and answers what people ask. Nothing here names an engine or a connector.
namespace datong::node {

struct ExchangeOptions {
  std::string directory;  // index checkpoints live below it
  base::FileSystem* files = nullptr;
  base::Clock* clock = nullptr;
  base::RandomSource* random = nullptr;
  base::StepObserver* steps = nullptr;
  base::Scheduler* scheduler = nullptr;
  broker::Broker* broker = nullptr;
  uint32_t lanes =
      0;  // fixed when the exchange is created (0: kLanesDefault); another number later is refused, 0 takes it as it is
  uint64_t checkpoint_records = 2'000'000;                             // to replay since the last one
  base::TimeUs history_us = base::TimeUs{30} * 24 * 3600 * 1'000'000;  // how long input is kept beyond what is needed
  uint64_t backlog_records_max = 4'000'000;   // published and not yet decided, per resource: then sources must wait
  base::TimeUs housekeeping_us = 30'000'000;  // pause between two runs of retention
  // Where other machines reach the topics: Aborted once another process has taken the exchange over. Asked behind every
  // fence; any thread. Without it nobody else can.
  std::function<absl::Status()> confirm_holder;
  // Where several processes share it: whether this one is to work on the lane, and whether it is the one that publishes
  // and decides about full dumps; at this moment, any thread. Without them: it is.
  std::function<bool(uint32_t lane)> works_on;
  std::function<bool()> leads;
  // With these: whether this process may fence another one for a lane now (membership.h). Without it: always.
  std::function<bool()> may_take_over;
  // Where departments reach the topics themselves: whoever leads answers what their connectors ask (department_desk.h).
  bool answers_departments = false;
  std::string checkpoint_directory;  // empty: below `directory`
  bool checkpoints_shared = false;   // several processes have that directory: only who works on a lane writes its own
};

// One line of `files`: one reading of one unit.
struct RunBooks {
  uint64_t run = 0;
  std::string source, resource, name, identity, failure;
  uint32_t file_sequence = 0;
  uint64_t bytes_total = 0;
  uint64_t rows_published = 0;
  base::TimeUs begun_time = 0, ended_time = 0;
  enum class State { kReceiving, kComplete, kFailed, kHeld } state = State::kReceiving;  // kHeld: docs/snapshots.md
  bool seen_before = false;
  std::map<ledger::Verdict, uint64_t> verdicts;  // decided so far
  uint64_t decided = 0;                          // sum of verdicts
  uint64_t generated_deletes = 0;                // of keys that a released snapshot lacked
  struct Subscriber {
    std::string subscription;
    uint64_t delivered = 0;
    uint64_t applied = 0;  // of these, acknowledged by the sink (refused ones included)
  };
  std::vector<Subscriber> subscribers;
};

// One line of `snapshot list` (docs/snapshots.md).
struct SnapshotBooks {
  uint64_t snapshot = 0;  // = the run
  std::string resource, source, file, failure;
  enum class State { kReading, kJudged, kHeld, kReleasing, kReleased, kDropped } state = State::kReading;
  base::TimeUs begun_time = 0, ended_time = 0, decided_time = 0;
  base::TimeUs as_of = 0;
  bool as_of_declared = false;
  bool flows = false;
  uint64_t rows = 0;
  std::map<ledger::Verdict, uint64_t> verdicts;  // of its rows, by now
  uint64_t generated_deletes = 0;                // by now
  struct Reported {                              // at its end, before the decision
    uint64_t inserts = 0, updates = 0, deletes = 0, unchanged = 0, duplicates = 0;
    uint64_t quarantined = 0, conflicting = 0, keyless = 0, source_keys = 0;
  } reported;
  std::string columns;  // how they differ; "" = not
  struct Stop {
    std::string code, text;
  };
  std::vector<Stop> stops;  // why it is held
  std::string by, why;      // who confirmed or rejected it; why also when the exchange itself dropped it
  bool stale = false;
  uint64_t superseded_by = 0;
  struct Sample {
    enum class Kind : uint8_t { kInsert = 1, kUpdate = 2, kDelete = 3, kConflict = 4 } kind = Kind::kInsert;
    uint32_t partition = 0;
    broker::Position position = 0;  // of the batch in the resource's topic
    uint32_t record = 0;
    uint64_t row = 0;  // 0: of an earlier file
  };
  std::vector<Sample> samples;
};

// What connectors at one department asked of this process since it started.
struct RequestBooks {
  std::string department;
  uint64_t answered = 0;
  uint64_t refused = 0;  // could not be read, too large, too late
  std::string last_refusal;
  std::string trouble;  // why nothing is answered now; "" = it is
};

struct ResourceBooks {
  std::string resource;
  uint64_t published = 0;  // by the sources' own journal
  uint64_t generated = 0;  // records of the exchange's own: deletes of keys that a snapshot lacked
  uint64_t waiting = 0;    // published, not yet decided
  std::map<ledger::Verdict, uint64_t> verdicts;
  std::array<uint64_t, ledger::kOutcomes> outcomes{};
  bool balanced = false;  // published + generated = sum of outcomes + waiting
};

struct SubscriptionBooks {
  std::string subscription, resource, department;
  uint64_t accepted_since_start = 0, sent_again = 0;
  uint64_t delivered = 0, filtered = 0, withheld = 0;
  uint64_t applied = 0, refused = 0, in_flight = 0;
  bool balanced = false;  // both equations hold
};

struct Books {
  // Not OK: the engine did not say what waits in it, so these are no books, and nothing is said about their balance.
  absl::Status counted;
  std::vector<ResourceBooks> resources;
  std::vector<SubscriptionBooks> subscriptions;
  bool balanced() const;
};

struct SubscriptionLag {
  std::string subscription, resource, department;
  uint64_t records_behind = 0;
  base::TimeUs seconds_behind_us = 0;  // now minus the receive time of the oldest batch not applied; 0 = none
  base::TimeUs oldest_receive_time = 0;
  base::TimeUs last_applied_time = 0;  // of the last receipt; 0 = none
  uint64_t input_waiting = 0;          // records published for its resource and not yet decided
  bool suspended = false;
  uint64_t held_snapshots = 0;  // of its resource: full dumps that wait for a person
};

// Thread-safe after Open.
class Exchange {
 public:
  // Creates the exchange's topics when they are missing, replays catalog, source journal and receipts, loads
  // checkpoints and replays the ledger. Lanes do not run yet. `warnings` receives what a person should know (a damaged
  // checkpoint skipped, ...).
  static absl::StatusOr<std::unique_ptr<Exchange>> Open(const ExchangeOptions& options,
                                                        std::vector<std::string>* warnings);
  virtual ~Exchange() = default;

  // Where other machines reach the topics, before the first session: what whoever published before has begun can land
  // no more. OK to call again.
  virtual absl::Status TakeLead() = 0;
  // Reads what other processes have written into the catalog since.
  virtual absl::Status FollowOthers() = 0;
  virtual void Start() = 0;  // hands lanes and retention to the scheduler
  // Other processes may have written what lanes here wait for: nobody tells of that. Any thread, quick.
  virtual void LookAgain() = 0;
  // Stops the lanes, writes checkpoints. OK to call twice. Data is safe without it; the next start is quicker with it.
  virtual absl::Status Stop() = 0;
  // The first error that stopped a lane, if any: it needs a restart of the process after the cause is gone.
  virtual absl::Status Health() = 0;
  // As Health, and also what a lane waits for to pass by itself: a full disk.
  virtual absl::Status Trouble() = 0;

  virtual client::ExchangeClient& client() = 0;
  virtual broker::Broker& broker() = 0;
  virtual std::shared_ptr<const catalog::CatalogTable> catalog() = 0;

  // Plans and, without findings and unless `dry_run`, makes the change durable. Lanes take it at their next step.
  virtual absl::StatusOr<catalog::PlannedChange> ApplyCatalog(std::string_view yaml, const std::string& applied_by,
                                                              bool dry_run) = 0;

  virtual Books books() = 0;
  virtual std::vector<RunBooks> runs() = 0;            // oldest first
  virtual std::vector<RequestBooks> requests() = 0;    // a line for each department that may ask
  virtual std::vector<SnapshotBooks> snapshots() = 0;  // oldest first
  // A held snapshot is released, or dropped. Durable when OK; errors: snapshot_desk.h.
  virtual absl::Status ConfirmSnapshot(uint64_t snapshot, const std::string& by, const std::string& why) = 0;
  virtual absl::Status RejectSnapshot(uint64_t snapshot, const std::string& by, const std::string& why) = 0;
  // Unavailable: the engine does not answer.
  virtual absl::StatusOr<std::vector<SubscriptionLag>> lag() = 0;
  // What the engine warns of, with everybody's places in its topics held against it; Unavailable: it does not answer.
  virtual absl::StatusOr<std::vector<broker::HealthWarning>> EngineHealth() = 0;
  // Everything published is decided, every snapshot that ended is done or held, and every active, not suspended
  // subscription has acknowledged everything.
  virtual bool caught_up() = 0;

  // Read access to a lane's committed state while it is not inside a step.
  virtual uint32_t lanes() const = 0;
  virtual std::vector<uint32_t> working_lanes() = 0;  // in this process
  virtual void InspectLane(uint32_t lane, const std::function<void(const pipeline::LaneView&)>& look) = 0;

  // Replays the whole ledger into fresh indexes and compares them with the ones in use, lane by lane. DataLoss
  // describes the first difference. For `datong verify` and the crash test.
  virtual absl::Status VerifyIndexAgainstLedger() = 0;
};

}  // namespace datong::node
