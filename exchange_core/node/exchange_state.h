// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/delivery_listeners.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/node/receipt_table.h"
#include "exchange_core/node/source_table.h"
#include "exchange_core/pipeline/lane.h"
#include "exchange_core/snapshot/snapshot_table.h"

namespace datong::node {

// What the parts of a node share: the tables, each with its lock, and the lanes.
//
// Locks, in the order they may be taken: source_order (held across a commit that numbers something), then the snapshot
// desk's, then a lane's own, then the tails' own, then tables. `tables` is held for moments only, never across I/O.
struct ExchangeState {
  explicit ExchangeState(const ExchangeOptions& exchange_options);

  ExchangeOptions options;
  std::vector<std::unique_ptr<pipeline::Lane>> lanes;  // constant after Open

  DeliveryListeners delivery_listeners;

  std::mutex source_order;  // makes run and file numbers unique

  // The only road into the tables below (the catalog has catalog_follower.h, the snapshots their desk).
  ControlTail sources_tail;
  ControlTail receipts_tail;

  std::mutex tables;
  // Guarded by `tables`:
  std::shared_ptr<const catalog::CatalogTable> catalog = std::make_shared<catalog::CatalogTable>();
  SourceTable sources;
  ReceiptTable receipts;
  snapshot::SnapshotTable snapshots;
  std::map<std::string, uint64_t> openings;  // of sessions, by the identity that they write under

  std::shared_ptr<const catalog::CatalogTable> Catalog() {
    const std::lock_guard lock(tables);
    return catalog;
  }
  // Something was published or decided that they may wait for.
  void WakeLanes() {
    for (const auto& lane : lanes) options.scheduler->Wake(*lane);
  }
  // Whether this process is the one that publishes and decides about full dumps.
  bool Leads() const { return !options.leads || options.leads(); }
  std::string CheckpointDirectory() const {
    return options.checkpoint_directory.empty() ? options.directory + "/checkpoints" : options.checkpoint_directory;
  }
  // Behind every fence of a session: that this process is still the one to work on the exchange. Aborted: it is not.
  absl::Status ConfirmHolder() { return options.confirm_holder ? options.confirm_holder() : absl::OkStatus(); }
  // A new session that writes under `identity`; older ones in this process are to find themselves fenced.
  uint64_t BeginSession(const std::string& identity) {
    const std::lock_guard lock(tables);
    return ++openings[identity];
  }
  bool IsNewestSession(const std::string& identity, uint64_t opening) {
    const std::lock_guard lock(tables);
    return openings[identity] == opening;
  }
  pipeline::SnapshotRuling RulingOf(uint64_t snapshot, uint32_t resource_id);
  ReceiptState ReceiptOf(uint32_t subscription_id) {
    const std::lock_guard lock(tables);
    return receipts.Of(subscription_id);
  }
  // Records of the resource that lanes have decided.
  uint64_t DecidedOf(uint32_t resource_id);
};

}  // namespace datong::node
