// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/answer.h"

#include <absl/time/time.h>

#include "exchange_core/admin/question.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/nearest_name.h"

namespace datong::admin {
namespace {

struct Row {
  const char* method;
  absl::StatusOr<Json> (*answer)(Question&);
};

constexpr Row kAnswers[] = {
    {"access", AnswerAccess},
    {"apply", AnswerApply},
    {"books", AnswerBooks},
    {"catalog", AnswerCatalog},
    {"catalog.proto", AnswerCatalogProto},
    {"files", AnswerFiles},
    {"lag", AnswerLag},
    {"quarantine.export", AnswerQuarantineExport},
    {"quarantine.list", AnswerQuarantineList},
    {"quarantine.show", AnswerQuarantineShow},
    {"snapshot.confirm", AnswerSnapshotConfirm},
    {"snapshot.list", AnswerSnapshotList},
    {"snapshot.reject", AnswerSnapshotReject},
    {"snapshot.show", AnswerSnapshotShow},
    {"state", AnswerState},
    {"tail", AnswerTail},
    {"trace", AnswerTrace},
    {"verify", AnswerVerify},
};

}  // namespace

absl::StatusOr<Json> Answer(node::Exchange& exchange, base::Clock& clock, bool running, const Request& request,
                            Responder& out) {
  for (const Row& row : kAnswers) {
    if (request.method != row.method) continue;
    Params params(request.params);
    Question question{exchange, clock, params, out, running};
    return row.answer(question);
  }
  return ToStatus({.code = Code::kUnknownCommand,
                   .what = "nothing answers to '" + request.method + "'",
                   .next = "the process that holds the exchange may be of another version: compare `datong version`"});
}

std::vector<std::string> Methods() {
  std::vector<std::string> methods;
  for (const Row& row : kAnswers) methods.emplace_back(row.method);
  return methods;
}

Json TimeJson(base::TimeUs time) {
  if (time == 0) return nullptr;
  return std::string(absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(time), absl::UTCTimeZone()));
}

absl::Status ExplainSilence(const absl::Status& status, const std::string& what) {
  if (!absl::IsUnavailable(status)) return status;
  return ToStatus({.code = Code::kClusterNotReached,
                   .what = "the cluster that carries this exchange is away, so " + what,
                   .why = std::string(base::Std(status.message())),
                   .next = "bring it back: lanes and connectors wait for it and go on by themselves"});
}

absl::StatusOr<const catalog::Resource*> ResourceNamed(const catalog::CatalogTable& table, const std::string& name) {
  if (const catalog::Resource* resource = table.FindResource(name)) return resource;
  std::vector<std::string> names;
  for (const auto& [id, one] : table.resources()) names.push_back(one.name);
  return ToStatus({.code = Code::kNoSuchResource,
                   .what = "there is no resource '" + name + "'",
                   .next = catalog::DidYouMean(name, names, "`datong catalog show` lists what there is")});
}

absl::StatusOr<SubscriptionView> SubscriptionNamed(const catalog::CatalogTable& table, const std::string& name) {
  const catalog::Subscription* subscription = table.FindSubscription(name);
  if (subscription == nullptr) {
    std::vector<std::string> names;
    for (const auto& [id, one] : table.subscriptions()) names.push_back(one.name);
    return ToStatus({.code = Code::kNoSuchSubscription,
                     .what = "there is no subscription '" + name + "'",
                     .next = catalog::DidYouMean(name, names, "`datong catalog show` lists what there is")});
  }
  const catalog::View* view = table.FindView(subscription->view_id);
  const catalog::Resource* resource = view == nullptr ? nullptr : table.FindResource(view->resource_id);
  if (resource == nullptr) {
    return ToStatus({.code = Code::kNoSuchResource, .what = "the resource of subscription '" + name + "' is retired"});
  }
  return SubscriptionView{subscription, view, resource};
}

}  // namespace datong::admin
