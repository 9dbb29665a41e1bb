// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {
namespace {

Json WarningsOf(const std::vector<broker::HealthWarning>& warnings) {
  Json all = Json::array();
  for (const broker::HealthWarning& one : warnings) {
    all.push_back(
        {{"warning", one.code}, {"urgent", one.urgent}, {"where", one.where}, {"what", one.what}, {"next", one.next}});
  }
  return all;
}

}  // namespace

absl::StatusOr<Json> AnswerLag(Question& question) {
  RETURN_IF_ERROR(question.params.Check());
  const auto all = question.exchange.lag();
  RETURN_IF_ERROR(ExplainSilence(all.status(), "nobody can say who is behind"));
  const auto warnings = question.exchange.EngineHealth();
  RETURN_IF_ERROR(ExplainSilence(warnings.status(), "nobody can say how it is"));
  for (const node::SubscriptionLag& lag : *all) {
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
  return Json{{"caught_up", question.exchange.caught_up()},
              {"time", TimeJson(question.clock.Now())},
              {"warnings", WarningsOf(*warnings)}};
}

}  // namespace datong::admin
