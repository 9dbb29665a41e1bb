// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <map>

#include "cli/command.h"
#include "cli/exchange_service.h"
#include "cli/log_line.h"
#include "cli/stop_signals.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::cli {
namespace {

constexpr int64_t kLookMs = 250;
constexpr base::TimeUs kRefusalsEveryUs = 10'000'000;

class RunCommand final : public Command {
 public:
  std::string_view name() const override { return "run"; }
  std::string_view summary() const override {
    return "Runs the exchange with the connectors of its catalog, until SIGTERM or Ctrl-C";
  }
  std::string_view example() const override { return "datong run -d /var/lib/datong"; }
  void Declare(CLI::App&) override {}

  int Run(Session& session) override {
    const ConnectorHost::Log log = [&clock = session.ground().clock](const std::string& line) { LogLine(clock, line); };
    auto holder = session.Hold(true, true);
    if (!holder.ok() && StopRequested()) {
      log("stopped");
      return 0;
    }
    if (absl::IsFailedPrecondition(holder.status())) {
      return Fail(session, admin::ToStatus({.code = admin::Code::kHeldBySilentProcess,
                                            .what = "another process runs this exchange",
                                            .where = session.settings().directory,
                                            .next = "ask it: every other command finds it by the same -d"}));
    }
    if (!holder.ok()) return Fail(session, holder.status());
    ExchangeService service(
        **holder, session.settings().directory, [&](const catalog::Connector&) { return (*holder)->leads(); }, log);
    TellBegunMove(session, log);
    if (const absl::Status started = service.Start(); !started.ok()) return Fail(session, started);
    log(absl::StrCat("exchange ", session.settings().directory, ": running, process ", getpid(), ", ",
                     (*holder)->exchange().lanes(), " lanes, catalog version ",
                     (*holder)->exchange().catalog()->version()));
    const absl::Status health = Watch(**holder, log);
    log(health.ok() ? "stopping" : absl::StrCat("stopping: ", health.message()));
    const absl::Status stopped = service.Stop();
    log("stopped");
    if (!health.ok()) return Fail(session, health);
    return stopped.ok() ? 0 : Fail(session, stopped);
  }

 private:
  static void TellBegunMove(Session& session, const ConnectorHost::Log& log) {
    const auto move = MoveBegun(session.ground().files, session.settings().directory);
    if (!move.ok() || !move->has_value()) return;
    log(absl::StrCat("a move of this exchange to Kafka, as \"", (*move)->exchange,
                     "\", was begun and is not done; until `datong migrate` is, it works here as before"));
  }

  // A line when a full dump has come to an end, or waits for a person. `told`: what was said of each before.
  // Returns whether one is still to be decided or taking effect.
  static bool TellSnapshots(node::Exchange& exchange, const ConnectorHost::Log& log,
                            std::map<uint64_t, std::string>& told) {
    using State = node::SnapshotBooks::State;
    bool at_work = false;
    for (const node::SnapshotBooks& one : exchange.snapshots()) {
      if (one.state != State::kHeld && one.state != State::kReleased && one.state != State::kDropped) {
        at_work = true;
        continue;
      }
      std::string line = admin::SnapshotLine(one);
      std::string& before = told[one.snapshot];
      if (before == line) continue;
      log(line);
      before = std::move(line);
    }
    return at_work;
  }

  // What was refused of departments' requests goes on for as long as somebody floods: a line now and then is enough.
  class RequestLines {
   public:
    void Tell(node::Exchange& exchange, base::Clock& clock, const ConnectorHost::Log& log) {
      for (const node::RequestBooks& books : exchange.requests()) {
        Told& told = told_[books.department];
        if (books.trouble != told.trouble) {
          log(absl::StrCat("requests of ", books.department, ": ",
                           books.trouble.empty() ? "are answered again" : "wait: " + books.trouble));
          told.trouble = books.trouble;
        }
        const base::TimeUs now = clock.Steady();
        if (books.refused == told.refused || (told.at != 0 && now - told.at < kRefusalsEveryUs)) continue;
        log(absl::StrCat("requests of ", books.department, ": ", books.refused,
                         " refused, the last one: ", books.last_refusal));
        told.refused = books.refused;
        told.at = now;
      }
    }

   private:
    struct Told {
      std::string trouble;
      uint64_t refused = 0;
      base::TimeUs at = 0;
    };
    std::map<std::string, Told> told_;  // by department
  };

  // Until somebody wants it to stop, or it cannot go on.
  absl::Status Watch(ExchangeHolder& holder, const ConnectorHost::Log& log) {
    node::Exchange& exchange = holder.exchange();
    uint64_t version = exchange.catalog()->version();
    std::string trouble, share;
    std::map<uint64_t, std::string> told;
    RequestLines requests;
    broker::Position snapshots_end = 0;
    bool snapshots_at_work = true;
    for (const node::SnapshotBooks& one : exchange.snapshots()) {
      if (one.state != node::SnapshotBooks::State::kHeld) told[one.snapshot] = admin::SnapshotLine(one);
    }
    while (WaitUnlessStopped(kLookMs)) {
      if (const absl::Status health = holder.Health(); !health.ok()) return health;
      if (std::string now = holder.Share(); now != share) {
        log(now);
        share = std::move(now);
      }
      requests.Tell(exchange, holder.ground().clock, log);
      const absl::Status now = exchange.Trouble();
      if (std::string text(base::Std(now.message())); text != trouble) {
        log(text.empty() ? "lanes go on" : "lanes wait: " + text);
        trouble = std::move(text);
      }
      if (const uint64_t newest = exchange.catalog()->version(); newest != version) {
        version = newest;
        log(absl::StrCat("catalog version ", version));
      }
      const auto bounds = exchange.broker().Bounds({snapshot::kSnapshotsTopic, 0});
      if (!snapshots_at_work && bounds.ok() && bounds->end == snapshots_end) continue;
      if (bounds.ok()) snapshots_end = bounds->end;
      snapshots_at_work = TellSnapshots(exchange, log, told);
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<Command> NewRunCommand() { return std::make_unique<RunCommand>(); }

}  // namespace datong::cli
