// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/node/exchange.h"
#include "exchange_core/node/membership.h"

namespace datong::node {

// What a member does for the others' sake: prepares for the lead when it falls to this process, reads what others have
// written into the catalog, and wakes this process's lanes while others write, whose commits nobody here is told of.
// A worker; all it is given outlives it.
class Companion final : public base::Worker {
 public:
  Companion(Membership& membership, Exchange& exchange, base::Clock& clock)
      : membership_(membership), exchange_(exchange), clock_(clock) {}

  std::string_view Name() const override { return "companion"; }
  base::StepResult Step() override;

 private:
  Membership& membership_;
  Exchange& exchange_;
  base::Clock& clock_;
  base::TimeUs next_step_ = 0;    // steady
  base::TimeUs next_follow_ = 0;  // steady
  base::TimeUs next_wake_ = 0;    // steady
};

}  // namespace datong::node
