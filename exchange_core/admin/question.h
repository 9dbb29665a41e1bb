// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "exchange_core/admin/params.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/admin/request.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/node/exchange.h"

namespace datong::admin {

// What one answer has at hand.
struct Question {
  node::Exchange& exchange;
  base::Clock& clock;
  Params& params;
  Responder& out;
  bool running = false;  // lanes and connectors are at work: something may still happen
};

// Each sends its rows through `out` and returns the summary, an object. Rows and summaries: docs/commands.md.
absl::StatusOr<Json> AnswerAccess(Question& question);
absl::StatusOr<Json> AnswerApply(Question& question);
absl::StatusOr<Json> AnswerBooks(Question& question);
absl::StatusOr<Json> AnswerCatalog(Question& question);
absl::StatusOr<Json> AnswerCatalogProto(Question& question);
absl::StatusOr<Json> AnswerFiles(Question& question);
absl::StatusOr<Json> AnswerLag(Question& question);
absl::StatusOr<Json> AnswerQuarantineExport(Question& question);
absl::StatusOr<Json> AnswerQuarantineList(Question& question);
absl::StatusOr<Json> AnswerQuarantineShow(Question& question);
absl::StatusOr<Json> AnswerSnapshotConfirm(Question& question);
absl::StatusOr<Json> AnswerSnapshotList(Question& question);
absl::StatusOr<Json> AnswerSnapshotReject(Question& question);
absl::StatusOr<Json> AnswerSnapshotShow(Question& question);
absl::StatusOr<Json> AnswerState(Question& question);
absl::StatusOr<Json> AnswerTail(Question& question);
absl::StatusOr<Json> AnswerTrace(Question& question);
absl::StatusOr<Json> AnswerVerify(Question& question);

// "2026-03-01T08:00:00.000000Z"; null for 0.
Json TimeJson(base::TimeUs time);

// The engine's silence as a problem; any other status as it is.
absl::Status ExplainSilence(const absl::Status& status, const std::string& what);

// A row of `files`.
Json FileRow(const node::RunBooks& run);

// Where each lane's chain of ledger entries stands: [{"lane", "sequence", "hash"}].
Json HeadsJson(node::Exchange& exchange);

// A full dump in one line, for a log.
std::string SnapshotLine(const node::SnapshotBooks& books);

// What `apply` says of a planned change: a row per line of its summary through `out`, the rest returned.
Json ApplySummary(const catalog::PlannedChange& planned, bool dry_run, uint64_t version, Responder& out);

// Looks a name up in the catalog; kNoSuchResource or kNoSuchSubscription with the nearest name there is.
absl::StatusOr<const catalog::Resource*> ResourceNamed(const catalog::CatalogTable& table, const std::string& name);
struct SubscriptionView {
  const catalog::Subscription* subscription;
  const catalog::View* view;
  const catalog::Resource* resource;
};
absl::StatusOr<SubscriptionView> SubscriptionNamed(const catalog::CatalogTable& table, const std::string& name);

}  // namespace datong::admin
