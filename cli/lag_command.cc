// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/command.h"
#include "cli/row_table.h"
#include "cli/stop_signals.h"

namespace datong::cli {
namespace {

constexpr int64_t kWatchMs = 1000;

std::string Seconds(const admin::Json& row) {
  const auto found = row.find("seconds_behind");
  if (found == row.end() || !found->is_number()) return "";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f", found->get<double>());
  return text;
}

std::vector<RowColumn> Columns() {
  return {TextColumn("SUBSCRIPTION", "subscription"),
          TextColumn("DEPARTMENT", "department"),
          TextColumn("RESOURCE", "resource"),
          NumberColumn("RECORDS BEHIND", "records_behind"),
          {"SECONDS BEHIND", Align::kRight, Seconds},
          NumberColumn("INPUT WAITING", "input_waiting"),
          {"LAST APPLIED (UTC)", Align::kLeft,
           [](const admin::Json& row) { return ShortTime(TextAt(row, "last_applied")); }},
          {"", Align::kLeft, [](const admin::Json& row) {
             std::string note = FlagAt(row, "suspended") ? "suspended" : "";
             if (const uint64_t held = NumberAt(row, "held_snapshots"); held != 0) {
               note += (note.empty() ? "" : ", ") + std::to_string(held) + " full dumps held";
             }
             return note;
           }}};
}

// The table, and under it what the engine warns of.
class LagTable final : public RowPrinter {
 public:
  explicit LagTable(Session& session)
      : session_(session), rows_(NewRowTable(session, Columns(), "The catalog has no subscription yet.")) {}
  void Row(const admin::Json& row) override { rows_->Row(row); }
  void Finish(const admin::Json& summary) override {
    rows_->Finish(summary);
    const auto warnings = summary.find("warnings");
    if (warnings == summary.end() || warnings->empty()) return;
    session_.output().Write("\n");
    for (const admin::Json& one : *warnings) {
      session_.output().Write(std::string(FlagAt(one, "urgent") ? "URGENT " : "warning ") + TextAt(one, "warning") +
                              ": " + TextAt(one, "where") + ": " + TextAt(one, "what") +
                              "\n  next: " + TextAt(one, "next") + "\n");
    }
  }

 private:
  Session& session_;
  std::unique_ptr<RowPrinter> rows_;
};

class LagCommand final : public Command {
 public:
  std::string_view name() const override { return "lag"; }
  std::string_view summary() const override { return "How far every subscription is behind, in records and seconds"; }
  std::string_view example() const override { return "datong lag --watch -d /var/lib/datong"; }
  void Declare(CLI::App& app) override { app.add_flag("--watch", watch_, "Again every second, until Ctrl-C"); }
  int Run(Session& session) override {
    while (true) {
      if (watch_ && session.terminal().out_is_terminal) session.output().Write("\x1b[H\x1b[2J");
      const int code = AskAndPrint(session, {"lag", admin::Json::object()}, {}, std::make_unique<LagTable>(session));
      if (code != 0 || !watch_) return code;
      if (!WaitUnlessStopped(kWatchMs) || session.output().closed()) return 0;
      if (session.settings().form == OutputForm::kTable && !session.terminal().out_is_terminal)
        session.output().Write("\n");
    }
  }

 private:
  bool watch_ = false;
};

}  // namespace

std::unique_ptr<Command> NewLagCommand() { return std::make_unique<LagCommand>(); }

}  // namespace datong::cli
