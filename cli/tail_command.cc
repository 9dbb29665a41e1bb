// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/display_width.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

// A line per record: rows go on coming, so nothing can be as wide as the widest.
class TailLines final : public RowPrinter {
 public:
  explicit TailLines(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override {
    const std::string key = row.at("key").is_null() ? TextAt(row, "digest") : TextAt(row, "key");
    std::string place = TextAt(row, "lane") + "/" + TextAt(row, "sequence") + (FlagAt(row, "again") ? " again" : "");
    if (place.size() < 12) place.resize(12, ' ');
    std::string operation = TextAt(row, "operation");
    operation.resize(std::max<size_t>(operation.size(), 6), ' ');
    const std::string line = OneLine(place + "  " + operation + "  " + key + "  " + TextAt(row, "file") + ":" +
                                     TextAt(row, "row") + "  " + PairsOf(row.at("items")));
    const size_t width = session_.terminal().out_width;
    session_.output().Write((width == 0 ? line : CutToWidth(line, width)) + "\n");
  }
  void Finish(const admin::Json&) override {}

 private:
  Session& session_;
};

class TailCommand final : public Command {
 public:
  std::string_view name() const override { return "tail"; }
  std::string_view summary() const override {
    return "What a subscription receives, record by record, without taking part";
  }
  std::string_view example() const override {
    return "datong tail tax-companies --from begin --no-follow -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    app.add_option("SUBSCRIPTION", subscription_, "Its name in the catalog")->required();
    app.add_option("--from", from_, "begin: the oldest that is kept; now: what comes (default; begin with --no-follow)")
        ->check(CLI::IsMember({"begin", "now"}));
    app.add_flag("--no-follow", no_follow_, "Stop at the end instead of waiting for more");
    app.add_option("--limit", limit_, "Stop after so many records")->check(CLI::PositiveNumber);
  }
  int Run(Session& session) override {
    admin::Request request{"tail", {{"subscription", subscription_}, {"follow", !no_follow_}}};
    request.params["from"] = !from_.empty() ? from_ : no_follow_ ? "begin" : "now";
    if (limit_ > 0) request.params["limit"] = limit_;
    admin::Json summary;
    const int code =
        AskAndPrint(session, request, {.endless = !no_follow_}, std::make_unique<TailLines>(session), &summary);
    if (code != 0) return code;
    if (summary.is_null()) return 0;  // ended by Ctrl-C, as following is
    if (FlagAt(summary, "incomplete")) session.Warn("note: part of it is no longer kept");
    if (FlagAt(summary, "ended_early")) {
      session.Warn("note: no process runs this exchange, so nothing more will come; `datong run` starts it");
    }
    return 0;
  }

 private:
  std::string subscription_, from_;
  bool no_follow_ = false;
  uint64_t limit_ = 0;
};

}  // namespace

std::unique_ptr<Command> NewTailCommand() { return std::make_unique<TailCommand>(); }

}  // namespace datong::cli
