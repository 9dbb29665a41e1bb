// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {
namespace {

Json RowOf(const node::ResourceBooks& books) {
  Json outcomes = Json::object();
  for (int i = 0; i < ledger::kOutcomes; ++i) {
    outcomes[std::string(ledger::NameOf(static_cast<ledger::Outcome>(i)))] = books.outcomes[static_cast<size_t>(i)];
  }
  Json verdicts = Json::object();
  for (const auto& [verdict, records] : books.verdicts) verdicts[std::string(ledger::NameOf(verdict))] = records;
  return {{"kind", "resource"},           {"resource", books.resource}, {"published", books.published},
          {"generated", books.generated}, {"waiting", books.waiting},   {"outcomes", outcomes},
          {"verdicts", verdicts},         {"balanced", books.balanced}};
}

Json RowOf(const node::SubscriptionBooks& books) {
  return {{"kind", "subscription"},
          {"subscription", books.subscription},
          {"resource", books.resource},
          {"department", books.department},
          {"accepted_since_start", books.accepted_since_start},
          {"sent_again", books.sent_again},
          {"delivered", books.delivered},
          {"filtered", books.filtered},
          {"withheld", books.withheld},
          {"applied", books.applied},
          {"refused", books.refused},
          {"in_flight", books.in_flight},
          {"balanced", books.balanced}};
}

}  // namespace

absl::StatusOr<Json> AnswerBooks(Question& question) {
  RETURN_IF_ERROR(question.params.Check());
  const node::Books books = question.exchange.books();
  RETURN_IF_ERROR(ExplainSilence(books.counted, "nobody can say what waits in it"));
  for (const node::ResourceBooks& one : books.resources) question.out.Row(RowOf(one));
  for (const node::SubscriptionBooks& one : books.subscriptions) question.out.Row(RowOf(one));
  return Json{{"balanced", books.balanced()}};
}

}  // namespace datong::admin
