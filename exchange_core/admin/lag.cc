// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {

absl::StatusOr<Json> AnswerLag(Question& question) {
  RETURN_IF_ERROR(question.params.Check());
  for (const node::SubscriptionLag& lag : question.exchange.lag()) {
    question.out.Row({{"subscription", lag.subscription},
                      {"department", lag.department},
                      {"resource", lag.resource},
                      {"records_behind", lag.records_behind},
                      {"seconds_behind", static_cast<double>(lag.seconds_behind_us) / 1e6},
                      {"oldest_received", TimeJson(lag.oldest_receive_time)},
                      {"last_applied", TimeJson(lag.last_applied_time)},
                      {"input_waiting", lag.input_waiting},
                      {"suspended", lag.suspended},
                      {"held_snapshots", lag.held_snapshots}});
  }
  return Json{{"caught_up", question.exchange.caught_up()}, {"time", TimeJson(question.clock.Now())}};
}

}  // namespace datong::admin
