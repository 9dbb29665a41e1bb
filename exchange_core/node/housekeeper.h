// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/exchange_state.h"

namespace datong::node {

// Gives space back: input that neither decisions, present state nor history need; streams that every subscription has
// taken and history does not need. What a subscription has not read is never dropped. Owned by the exchange.
class Housekeeper final : public base::Worker {
 public:
  explicit Housekeeper(ExchangeState& state) : state_(state) {}
  std::string_view Name() const override { return "housekeeper"; }
  base::StepResult Step() override;

 private:
  void RetainStream(const catalog::View& view, broker::Position needed_from, base::TimeUs keep_since);
  ExchangeState& state_;
  base::TimeUs next_run_ = 0;
  std::map<uint32_t, broker::Position> dropped_;  // by view: all before it that nobody needs any longer is gone
};

}  // namespace datong::node
