// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <absl/strings/str_cat.h>

#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "cli/control_client.h"
#include "cli/control_socket.h"
#include "cli/exchange_service.h"
#include "cli/stop_signals.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

using admin::Code;

constexpr int64_t kRetryMs = 50;
constexpr base::TimeUs kHeldPatienceUs = 10'000'000;  // a short command, or one that is only starting or stopping

// An answer on its way to this terminal.
class TerminalResponder final : public admin::Responder {
 public:
  TerminalResponder(RowPrinter& printer, Output& output, const Terminal& terminal, base::Clock& clock)
      : printer_(printer), output_(output), progress_(terminal, clock) {}
  void Row(const admin::Json& row) override {
    progress_.Clear();
    printer_.Row(row);
  }
  void Progress(const admin::Json& progress) override { progress_.Show(progress); }
  bool cancelled() override { return StopRequested() || output_.closed(); }
  bool Pause(int64_t milliseconds) override {
    output_.Flush();
    return WaitUnlessStopped(milliseconds) && !output_.closed();
  }
  void Done() { progress_.Clear(); }

 private:
  RowPrinter& printer_;
  Output& output_;
  ProgressLine progress_;
};

}  // namespace

void Session::Warn(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

absl::Status Session::CheckDirectory(bool create) {
  if (create) return absl::OkStatus();
  const auto there = HoldsExchange(ground_, settings_.directory);
  if (!there.ok()) return Explain(there.status());
  if (*there) return absl::OkStatus();
  return admin::ToStatus({.code = Code::kNoExchangeHere,
                          .what = "there is no exchange in this directory",
                          .where = settings_.directory,
                          .next = "`datong apply -f catalog.yaml -d DIR` or `datong run -d DIR` makes one"});
}

// What opening the directory can fail with, as a problem that names the directory.
absl::Status Session::Explain(const absl::Status& status) const {
  if (status.ok()) return status;
  admin::Problem problem = admin::FromStatus(status);
  if (problem.where.empty()) problem.where = settings_.directory;
  if (!problem.next.empty()) return admin::ToStatus(problem);
  switch (problem.code) {
    case Code::kDenied:
      problem.next = "run it as the user the directory belongs to, on a file system that may be written";
      break;
    case Code::kNoSpace:
      problem.next = "make room on the disk: nothing is lost, and the same command may be repeated";
      break;
    case Code::kDamaged:
      problem.next = "stop here and keep a copy of the directory: a stored file is not what was written";
      break;
    case Code::kOtherVersion:
      problem.next = "use the version of datong that wrote it";
      break;
    default:
      break;
  }
  return admin::ToStatus(problem);
}

absl::StatusOr<std::unique_ptr<ExchangeHolder>> Session::Hold(bool create, bool shares) {
  RETURN_IF_ERROR(CheckDirectory(create));
  const base::TimeUs give_up = ground_.clock.Steady() + kHeldPatienceUs;
  std::string told;
  const auto wait = [&](const std::string& process, bool alive) {
    if (!shares && alive) return false;
    if (shares && !process.empty() && std::exchange(told, process) != process) Warn("waits for " + process + " to end");
    return WaitUnlessStopped(kRetryMs);
  };
  const HolderOptions options = {settings_.directory, settings_.lanes, settings_.durability,
                                 settings_.engine,    shares,          wait};
  while (true) {
    std::vector<std::string> warnings;
    auto holder = ExchangeHolder::Open(ground_, options, &warnings);
    for (const std::string& warning : warnings) Warn("warning: " + warning);
    if (holder.ok()) return holder;
    if (!IsHeld(ground_, settings_.directory)) return Explain(holder.status());
    if (ground_.clock.Steady() > give_up || !WaitUnlessStopped(kRetryMs)) {
      return admin::ToStatus({.code = Code::kHeldBySilentProcess,
                              .what = "another process holds the exchange and does not answer",
                              .where = settings_.directory,
                              .why = std::string(base::Std(holder.status().message())),
                              .next = "wait for it, or stop it; it may be starting, stand by for a process elsewhere, "
                                      "or run as another user"});
    }
    if (ConnectTo(settings_.directory).ok()) return holder.status();  // somebody to ask has come
  }
}

absl::StatusOr<admin::Json> Session::Ask(const admin::Request& request, const AskOptions& how, RowPrinter& printer) {
  TerminalResponder responder(printer, output_, terminal_, ground_.clock);
  RETURN_IF_ERROR(CheckDirectory(how.create));
  absl::StatusOr<admin::Json> result;
  while (true) {
    const auto connected = ConnectTo(settings_.directory);
    if (connected.ok()) {
      result = AskHolder(*connected, request, responder);
      break;
    }
    if (absl::IsPermissionDenied(connected.status())) return Explain(connected.status());
    auto holder = Hold(how.create);
    if (absl::IsFailedPrecondition(holder.status())) continue;
    RETURN_IF_ERROR(holder.status());
    result = AskHere(**holder, request, how, responder);
    break;
  }
  responder.Done();
  if (absl::IsCancelled(result.status()) && !output_.closed()) {
    return admin::ToStatus({.code = Code::kInterrupted,
                            .what = "interrupted",
                            .next = request.method == "import" ? "the same command goes on where it stopped" : ""});
  }
  return result;
}

absl::StatusOr<admin::Json> Session::AskHere(ExchangeHolder& holder, const admin::Request& request,
                                             const AskOptions& how, admin::Responder& responder) {
  const auto wanted = [&holder, resource = how.sinks_of](const catalog::Connector& connector) {
    if (!connector.sink || resource.empty()) return false;
    const auto table = holder.exchange().catalog();
    const catalog::Subscription* subscription = table->FindSubscription(connector.subscription);
    const catalog::View* view = subscription == nullptr ? nullptr : table->FindView(subscription->view_id);
    const catalog::Resource* of = view == nullptr ? nullptr : table->FindResource(view->resource_id);
    return of != nullptr && of->name == resource;
  };
  ExchangeService service(holder, settings_.directory, wanted, [this](const std::string& line) {
    if (line.find(": failed") != std::string::npos || line.find(": waits") != std::string::npos) Warn(line);
  });
  if (how.work) RETURN_IF_ERROR(Explain(service.Start()));
  absl::StatusOr<admin::Json> result = service.Answer(request, responder);
  const absl::Status stopped = service.Stop();
  if (result.ok() && !stopped.ok()) return Explain(stopped);
  return result;
}

}  // namespace datong::cli
