// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/exchange_state.h"
#include "exchange_core/snapshot/snapshot_judgement.h"

namespace datong::node {

// Where snapshots are decided (docs/snapshots.md): the only writer of decisions into topic "snapshots", and the only
// one that brings the topic into the table. When every partition has reported, it judges; whoever confirms or rejects a
// held one comes here. Owned by the exchange.
class SnapshotDesk final : public base::Worker {
 public:
  explicit SnapshotDesk(ExchangeState& state);

  // Brings the table to the topic's end. Before lanes run.
  absl::Status Recover();

  std::string_view Name() const override { return "snapshots"; }
  base::StepResult Step() override;

  // Why nothing can be decided at the moment; thread-safe.
  absl::Status trouble();

  // Thread-safe; durable when OK. NotFound: no such snapshot. FailedPrecondition: it is not held, or a later one of its
  // source is there, or (confirm) its rows have no key. `by`, `why`: who says so, and for what reason.
  absl::Status Confirm(uint64_t snapshot, const std::string& by, const std::string& why);
  absl::Status Reject(uint64_t snapshot, const std::string& by, const std::string& why);

 private:
  struct Ready {
    uint64_t snapshot;
    snapshot::SnapshotState reported;
    SourceRun run;
  };
  absl::StatusOr<bool> TakeNews();  // true: there was some
  // What one message of the topic says, into the table; behind the tail's own lock.
  absl::Status Take(const exchange::v1::SnapshotEvent& event);
  // First the fence, then the look: what an earlier desk decided is known by now, and it can decide nothing more.
  absl::Status TakeOver();
  std::vector<Ready> FindReported(const catalog::CatalogTable& catalog);
  absl::StatusOr<bool> JudgeReported();  // true: something was decided
  absl::Status Judge(uint64_t snapshot, const SourceRun& run, const catalog::Resource& resource,
                     const snapshot::SnapshotState& reported);
  // Why the held snapshot can't be confirmed any more; "" when it can.
  std::string LaterThan(const SourceRun& run);
  bool ChangedAll(const SourceRun& run);
  absl::Status DecideHeld(uint64_t snapshot, bool confirm, const std::string& by, const std::string& why);
  // Also drops held snapshots of the same source that a released one supersedes.
  absl::Status Write(uint64_t snapshot, const snapshot::SnapshotState& about, exchange::v1::SnapshotDecision decision);

  ExchangeState& state_;
  std::mutex mutex_;  // behind source_order, before the lanes' own and `tables`
  ControlTail tail_;
  bool news_ = false;                       // the tail has brought some
  std::unique_ptr<broker::Writer> writer_;  // null: to be taken over before anything is decided
  absl::Status trouble_;
};

// The latest event time of a dump's rows, where they say which moment it speaks of (`as_of: item`) and one of them has
// any.
std::optional<base::TimeUs> AsOfOfRows(const SourceRun& run, const snapshot::SnapshotState& reported);
// What is known of a snapshot whose partitions have all reported. `last_rows`, `schema`: as of now.
snapshot::SnapshotFacts FactsOf(const snapshot::SnapshotState& reported, const SourceRun& run,
                                const record::RecordSchema& schema, std::optional<uint64_t> last_rows);

}  // namespace datong::node
