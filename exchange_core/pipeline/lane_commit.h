// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "exchange_core/base/step_observer.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/pipeline/batch_decider.h"
#include "exchange_core/pipeline/lane_state.h"
#include "exchange_core/pipeline/snapshot_release.h"

namespace datong::ledger::v1 {
class DeliveryEnvelope;
class LedgerEntry;
}  // namespace datong::ledger::v1

namespace datong::pipeline {

// The only writer: gathers the effects of one or more ledger entries into one transaction. Each entry is booked in the
// lane's state as it is added, so state is ahead of what is durable until Commit() returns OK. Not thread-safe; `state`
// must outlive it.
class LaneCommit {
 public:
  LaneCommit(uint32_t lane, std::unique_ptr<broker::Transaction> transaction, LaneState& state);

  // Numbers, links and books the entry. Call before adding what the entry speaks of.
  absl::Status AddEntry(ledger::v1::LedgerEntry& entry);
  // The deliveries and the quarantined batch of a decision entry just added.
  void AddDecision(const ledger::v1::LedgerEntry& entry, const broker::Message& input,
                   const catalog::Resource& resource, const Decision& decision);
  // A batch sent again to one subscription, under the start entry just added.
  void AddAgain(const ledger::v1::LedgerEntry& entry, const catalog::View& view, const catalog::Resource& resource,
                uint64_t first_sequence, uint32_t records, uint32_t partition, const broker::Message& input,
                broker::Body body);
  // What a step of a released snapshot writes, under the step entry just added.
  void AddSnapshotWork(const ledger::v1::LedgerEntry& entry, const catalog::Resource& resource, SnapshotWork work);
  // A line of topic "snapshots", as stored.
  void AddSnapshotEvent(std::string event);
  void AdvanceInput(const broker::TopicPartition& input, broker::Position next);

  absl::Status Commit(base::StepObserver& steps);

 private:
  void AppendLedgerMessage();
  void AppendDelivery(const std::string& topic, const catalog::View& view, const catalog::Resource& resource,
                      const ledger::v1::DeliveryEnvelope& envelope, broker::Body body);

  uint32_t lane_;
  std::unique_ptr<broker::Transaction> transaction_;
  LaneState& state_;
  std::string ledger_message_;  // entries not yet appended to the transaction
};

std::string LaneGroup(uint32_t lane);                 // "lane.<n>": whose positions in input topics outsiders see
std::string AgainTopic(uint32_t subscription_id);     // "again.<id>"
std::string QuarantineTopic(uint32_t department_id);  // "quarantine.<id>"

}  // namespace datong::pipeline
