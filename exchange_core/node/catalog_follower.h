// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <mutex>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// The catalog as its topic tells it, brought into effect once the topics that it needs are there. Thread-safe.
class CatalogFollower {
 public:
  explicit CatalogFollower(ExchangeState& state);

  // As ControlTail says; then the newest version is in effect. FailedPrecondition and the like of the engine: it is
  // stored, but its topics could not be made; the next call tries again.
  absl::Status CatchUp();
  absl::Status Follow();

 private:
  // Topics come behind the durable change, not before it: made for a change that then never was, they would stand in
  // the way of the next one that is given their numbers.
  absl::Status TakeEffect();

  ExchangeState& state_;
  std::mutex mutex_;
  catalog::CatalogTable read_;  // guarded by mutex_; may be newer than what is in effect
  ControlTail tail_;            // its use is guarded by mutex_ as well
};

}  // namespace datong::node
