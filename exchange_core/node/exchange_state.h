// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/node/receipt_table.h"
#include "exchange_core/node/source_table.h"
#include "exchange_core/pipeline/lane.h"
#include "exchange_core/snapshot/snapshot_table.h"

namespace datong::node {

// What the parts of a node share: the tables, each with its lock, and the lanes.
//
// Locks, in the order they may be taken: source_order (held across a commit that numbers something), then the snapshot
// desk's, then a lane's own, then tables. `tables` is held for moments only, never across I/O.
struct ExchangeState {
  explicit ExchangeState(const ExchangeOptions& exchange_options) : options(exchange_options) {}

  ExchangeOptions options;
  std::vector<std::unique_ptr<pipeline::Lane>> lanes;  // constant after Open

  std::mutex source_order;  // makes run and file numbers unique

  std::mutex tables;
  // Guarded by `tables`:
  std::shared_ptr<const catalog::CatalogTable> catalog = std::make_shared<catalog::CatalogTable>();
  SourceTable sources;
  ReceiptTable receipts;
  snapshot::SnapshotTable snapshots;

  std::shared_ptr<const catalog::CatalogTable> Catalog() {
    const std::lock_guard lock(tables);
    return catalog;
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
