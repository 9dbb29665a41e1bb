// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/command.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

// Without it the parser takes -1 for the largest number.
const CLI::Range kNumbers(uint64_t{1}, uint64_t{1} << 62);

std::string StateAndStops(const admin::Json& row) {
  const std::string stops = NamesAt(row, "stops");
  return TextAt(row, "state") + (TextAt(row, "state") == "held" && !stops.empty() ? ": " + stops : "");
}

std::vector<RowColumn> SnapshotColumns() {
  return {NumberColumn("SNAPSHOT", "snapshot"),
          TextColumn("RESOURCE", "resource"),
          TextColumn("FILE", "file"),
          {"STATE", Align::kLeft, StateAndStops},
          NumberColumn("READ", "rows"),
          NumberColumn("INSERTED", "inserted"),
          NumberColumn("UPDATED", "updated"),
          NumberColumn("DELETED", "deleted"),
          NumberColumn("UNCHANGED", "unchanged"),
          NumberColumn("DUPLICATE", "duplicate"),
          NumberColumn("QUARANTINED", "quarantined"),
          NumberColumn("STAGED", "staged")};
}

class SnapshotTable final : public RowPrinter {
 public:
  explicit SnapshotTable(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override { rows_.push_back(row); }
  void Finish(const admin::Json& summary) override {
    Output& out = session_.output();
    if (rows_.empty()) return out.Write("No full dump was ever read.\n");
    out.Write(RenderRows(rows_, SnapshotColumns(), session_.terminal().out_width));
    if (NumberAt(summary, "snapshots") > rows_.size()) {
      out.Write("the last " + std::to_string(rows_.size()) + " of " + GroupedAt(summary, "snapshots") +
                "; --all shows all\n");
    }
    if (NumberAt(summary, "held") != 0) {
      out.Write("held: `datong snapshot show N` says why; then `datong snapshot confirm N` or `reject N`\n");
    }
  }

 private:
  Session& session_;
  std::vector<admin::Json> rows_;
};

class SnapshotListCommand final : public Command {
 public:
  std::string_view name() const override { return "snapshot list"; }
  std::string_view summary() const override { return "Full dumps: what each changed, and which ones are held"; }
  std::string_view example() const override { return "datong snapshot list --resource companies -d /var/lib/datong"; }
  void Declare(CLI::App& app) override {
    app.add_option("--resource", resource_, "Only of this resource");
    app.add_flag("--all", all_, "All of them, not the last 20 and what is held");
  }
  int Run(Session& session) override {
    admin::Request request{"snapshot.list", {{"all", all_}}};
    if (!resource_.empty()) request.params["resource"] = resource_;
    return AskAndPrint(session, request, {}, std::make_unique<SnapshotTable>(session));
  }

 private:
  std::string resource_;
  bool all_ = false;
};

// One snapshot in full: numbers, stops, samples.
class SnapshotText final : public RowPrinter {
 public:
  explicit SnapshotText(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override {
    const std::string kind = TextAt(row, "kind");
    if (kind == "snapshot") return Head(row);
    if (kind == "stop") {
      return session_.output().Write("  stop       " + TextAt(row, "stop") + ": " + TextAt(row, "text") + "\n");
    }
    samples_.push_back(row);
  }
  void Finish(const admin::Json& summary) override {
    Output& out = session_.output();
    if (!samples_.empty()) {
      out.Write("\n");
      out.Write(RenderRows(samples_,
                           {TextColumn("CHANGE", "change"),
                            TextColumn("KEY", "key"),
                            TextColumn("FILE", "file"),
                            NumberColumn("ROW", "row"),
                            {"CONTENT", Align::kLeft, Content}},
                           session_.terminal().out_width));
    }
    if (TextAt(summary, "state") == "held") {
      out.Write("\nto let it take effect: datong snapshot confirm " + number_ + " --why TEXT\n" +
                "to drop it:            datong snapshot reject " + number_ + " --why TEXT\n");
    }
  }

 private:
  // Of an update only what differs.
  static std::string Content(const admin::Json& row) {
    const auto items = row.find("items"), before = row.find("before");
    if (items == row.end() || !items->is_object()) return "";
    if (before == row.end() || !before->is_object()) return PairsOf(*items);
    std::string text;
    admin::Json names = *before;
    names.update(*items);
    for (const auto& [name, value] : names.items()) {
      const std::string old = TextAt(*before, name), now = TextAt(*items, name);
      if (old != now) text += (text.empty() ? "" : ", ") + name + ": " + old + " -> " + now;
    }
    return text;
  }

  void Head(const admin::Json& row) {
    Output& out = session_.output();
    const auto line = [&](const char* label, const std::string& text) {
      if (!text.empty()) out.Write("  " + std::string(label) + text + "\n");
    };
    number_ = TextAt(row, "snapshot");
    out.Write("snapshot " + number_ + "  " + TextAt(row, "resource") + "\n");
    line("file       ", TextAt(row, "file") + ", from " + TextAt(row, "source"));
    line("as of      ", ShortTime(TextAt(row, "as_of")) + " UTC");
    line("state      ", TextAt(row, "state") + (FlagAt(row, "flows") ? " (its changes left as they came)" : "") +
                            (FlagAt(row, "outdated") ? " (older than what was released)" : ""));
    line("decided by ", TextAt(row, "by"));
    line("because    ", TextAt(row, "why"));
    line("failure    ", TextAt(row, "failure"));
    line("columns    ", TextAt(row, "columns"));
    line("read       ",
         GroupedAt(row, "rows") + " rows, where its source supplied " + GroupedAt(row, "source_keys") + " keys");
    line("changes    ", GroupedAt(row, "inserted") + " inserted, " + GroupedAt(row, "updated") + " updated, " +
                            GroupedAt(row, "deleted") + " deleted");
    line("others     ", GroupedAt(row, "unchanged") + " unchanged, " + GroupedAt(row, "duplicate") + " duplicate, " +
                            GroupedAt(row, "stale") + " stale, " + GroupedAt(row, "quarantined") + " quarantined (" +
                            GroupedAt(row, "conflicting") + " with conflicting keys, " + GroupedAt(row, "keyless") +
                            " without a readable key)");
  }

  Session& session_;
  std::string number_;
  std::vector<admin::Json> samples_;
};

class SnapshotShowCommand final : public Command {
 public:
  std::string_view name() const override { return "snapshot show"; }
  std::string_view summary() const override { return "One full dump: numbers, why it is held, samples of each change"; }
  std::string_view example() const override { return "datong snapshot show 17 -d /var/lib/datong"; }
  void Declare(CLI::App& app) override {
    app.add_option("SNAPSHOT", number_, "Its number, as `snapshot list` shows it")->required()->check(kNumbers);
  }
  int Run(Session& session) override {
    return AskAndPrint(session, {"snapshot.show", {{"snapshot", number_}}}, {},
                       std::make_unique<SnapshotText>(session));
  }

 private:
  uint64_t number_ = 0;
};

class DecisionLine final : public RowPrinter {
 public:
  explicit DecisionLine(Session& session) : session_(session) {}
  void Row(const admin::Json&) override {}
  void Finish(const admin::Json& summary) override {
    session_.output().Write("snapshot " + TextAt(summary, "snapshot") + " is " + TextAt(summary, "decision") + "\n");
  }

 private:
  Session& session_;
};

class SnapshotDecideCommand final : public Command {
 public:
  explicit SnapshotDecideCommand(bool confirm) : confirm_(confirm) {}
  std::string_view name() const override { return confirm_ ? "snapshot confirm" : "snapshot reject"; }
  std::string_view summary() const override {
    return confirm_ ? "Lets a held full dump take effect, deletes included"
                    : "Drops a held full dump: nothing of it takes effect";
  }
  std::string_view example() const override {
    return confirm_
               ? "datong snapshot confirm 17 --why 'the district was dissolved, document 2026-114' -d /var/lib/datong"
               : "datong snapshot reject 17 --why 'the export was cut off' -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    app.add_option("SNAPSHOT", number_, "Its number, as `snapshot list` shows it")->required()->check(kNumbers);
    app.add_option("--why", why_, "The reason; it is recorded")->required();
    app.add_option("--by", by_, "Who says so; the user of this shell by default");
  }
  int Run(Session& session) override {
    const char* user = std::getenv("USER");
    if (by_.empty() && user != nullptr) by_ = user;
    const admin::Request request{confirm_ ? "snapshot.confirm" : "snapshot.reject",
                                 {{"snapshot", number_}, {"why", why_}, {"by", by_}}};
    return AskAndPrint(session, request, {.work = true}, std::make_unique<DecisionLine>(session));
  }

 private:
  const bool confirm_;
  uint64_t number_ = 0;
  std::string why_, by_;
};

}  // namespace

std::unique_ptr<Command> NewSnapshotListCommand() { return std::make_unique<SnapshotListCommand>(); }
std::unique_ptr<Command> NewSnapshotShowCommand() { return std::make_unique<SnapshotShowCommand>(); }
std::unique_ptr<Command> NewSnapshotConfirmCommand() { return std::make_unique<SnapshotDecideCommand>(true); }
std::unique_ptr<Command> NewSnapshotRejectCommand() { return std::make_unique<SnapshotDecideCommand>(false); }

}  // namespace datong::cli
