// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/companion.h"

namespace datong::node {
namespace {

constexpr base::TimeUs kWakeEveryUs = 50'000;
constexpr base::TimeUs kWakeAloneEveryUs = 1'000'000;  // what one that died had begun is decided some time later
constexpr base::TimeUs kFollowEveryUs = 250'000;       // a revocation counts within a second

}  // namespace

base::StepResult Companion::Step() {
  const base::TimeUs now = clock_.Steady();
  if (now < next_step_) return base::StepResult::IdleUntil(next_step_);  // woken by itself
  next_step_ = now + kWakeEveryUs;
  const bool company = membership_.has_company();
  // First: what comes below may wait for the engine.
  if (company || now >= next_wake_) {
    next_wake_ = now + kWakeAloneEveryUs;
    exchange_.LookAgain();
  }
  if (const uint64_t lead = membership_.lead_to_take(); lead != 0 && exchange_.TakeLead().ok()) {
    membership_.LeadFrom(lead);
  }
  if (company && now >= next_follow_) {
    next_follow_ = now + kFollowEveryUs;
    exchange_.FollowOthers().IgnoreError();  // an engine that is away is asked again
  }
  return base::StepResult::IdleUntil(next_step_);
}

}  // namespace datong::node
