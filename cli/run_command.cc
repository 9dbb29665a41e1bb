// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "cli/command.h"
#include "cli/exchange_service.h"
#include "cli/stop_signals.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/snapshot/snapshot_codec.h"

namespace datong::cli {
namespace {

constexpr int64_t kLookMs = 250;

class RunCommand final : public Command {
 public:
  std::string_view name() const override { return "run"; }
  std::string_view summary() const override {
    return "Runs the exchange with the connectors of its catalog, until SIGTERM or Ctrl-C";
  }
  std::string_view example() const override { return "datong run -d /var/lib/datong"; }
  void Declare(CLI::App&) override {}

  int Run(Session& session) override {
    const ConnectorHost::Log log = [&clock = session.ground().clock](const std::string& line) { Log(clock, line); };
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
  static void Log(base::Clock& clock, const std::string& line) {
    const std::string time =
        absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMicros(clock.Now()), absl::UTCTimeZone());
    std::fprintf(stderr, "%s  %s\n", time.c_str(), line.c_str());
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

  // Until somebody wants it to stop, or it cannot go on.
  absl::Status Watch(ExchangeHolder& holder, const ConnectorHost::Log& log) {
    node::Exchange& exchange = holder.exchange();
    uint64_t version = exchange.catalog()->version();
    std::string trouble, share;
    std::map<uint64_t, std::string> told;
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
