// SPDX-License-Identifier: Apache-2.0
#include "cli/exchange_service.h"

#include <unistd.h>

#include <set>
#include <string>
#include <utility>

#include "exchange_core/admin/answer.h"
#include "exchange_core/admin/params.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

constexpr int64_t kLeadPauseMs = 100;
constexpr int kLeadPauses = 100;

}  // namespace

ExchangeService::ExchangeService(ExchangeHolder& holder, std::string directory, ConnectorHost::Wanted wanted,
                                 ConnectorHost::Log log)
    : holder_(holder),
      directory_(std::move(directory)),
      connectors_(holder, std::move(wanted), std::move(log)),
      importer_(holder, connectors_) {}

absl::Status ExchangeService::Start() {
  started_ = true;
  holder_.Start();
  connectors_.Start();
  ASSIGN_OR_RETURN(server_,
                   ControlServer::Start(directory_, [this](const admin::Request& request, admin::Responder& out) {
                     return Answer(request, out);
                   }));
  return absl::OkStatus();
}

absl::Status ExchangeService::Stop() {
  if (!started_) return absl::OkStatus();
  started_ = false;
  if (server_ != nullptr) server_->Stop();
  connectors_.StopAll();
  return holder_.Stop();
}

absl::StatusOr<admin::Json> ExchangeService::Answer(const admin::Request& request, admin::Responder& out) {
  static const std::set<std::string> kChanges = {"apply", "import", "snapshot.confirm", "snapshot.reject"};
  const bool change = kChanges.contains(request.method);
  // While nobody leads, somebody is about to.
  for (int pause = 0; change && !holder_.leads() && holder_.leader().empty() && pause < kLeadPauses; ++pause) {
    if (!out.Pause(kLeadPauseMs)) return absl::CancelledError("withdrawn");
  }
  if (change && !holder_.leads()) {
    const std::string leader = holder_.leader();
    return admin::ToStatus({.code = admin::Code::kHeldElsewhere,
                            .what = "another process leads this exchange, and changes are made there",
                            .where = directory_,
                            .why = leader.empty() ? "none leads at this moment" : leader + " leads",
                            .next = leader.empty() ? "give the same command again" : "give this command there"});
  }
  if (request.method == "import") {
    admin::Params params(request.params);
    return importer_.Import(params, out);
  }
  if (request.method == "version") {
    out.Row({{"role", "holder"}, {"version", kVersion}, {"pid", getpid()}, {"lanes", holder_.exchange().lanes()}});
    return admin::Json::object();
  }
  return admin::Answer(holder_.exchange(), holder_.ground().clock, holder_.running(), request, out);
}

}  // namespace datong::cli
