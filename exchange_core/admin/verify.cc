// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/question.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::admin {

Json HeadsJson(node::Exchange& exchange) {
  Json heads = Json::array();
  for (uint32_t lane = 0; lane < exchange.lanes(); ++lane) {
    exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
      const ledger::ChainHead& head = view.state.head;
      heads.push_back({{"lane", lane}, {"sequence", head.sequence}, {"hash", base::ToHex(head.hash)}});
    });
  }
  return heads;
}

absl::StatusOr<Json> AnswerVerify(Question& question) {
  RETURN_IF_ERROR(question.params.Check());
  bool sound = true;
  const auto tell = [&](const char* check, const absl::Status& status) {
    sound = sound && status.ok();
    question.out.Row({{"check", check}, {"ok", status.ok()}, {"detail", std::string(base::Std(status.message()))}});
  };

  tell("lanes work", question.exchange.Health());
  const node::Books books = question.exchange.books();
  RETURN_IF_ERROR(ExplainSilence(books.counted, "nothing can be compared with it"));
  std::string unbalanced;
  for (const auto& one : books.resources) {
    if (!one.balanced) unbalanced += " resource " + one.resource;
  }
  for (const auto& one : books.subscriptions) {
    if (!one.balanced) unbalanced += " subscription " + one.subscription;
  }
  tell("books balance", unbalanced.empty() ? absl::OkStatus() : absl::DataLossError("not balanced:" + unbalanced));
  // Replaying everything takes as long as the ledger is.
  const absl::Status index = question.exchange.VerifyIndexAgainstLedger();
  tell("index equals the ledger replayed", index);
  return Json{{"sound", sound}, {"heads", HeadsJson(question.exchange)}};
}

}  // namespace datong::admin
