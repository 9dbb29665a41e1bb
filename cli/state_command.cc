// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

// The items are the columns; which they are comes with the summary.
class StateTable final : public RowPrinter {
 public:
  StateTable(Session& session, bool digest) : session_(session), digest_(digest) {}
  void Row(const admin::Json& row) override { rows_.push_back(row); }
  void Finish(const admin::Json& summary) override {
    Output& out = session_.output();
    if (digest_) return out.Write(TextAt(summary, "sha256") + "  " + GroupedAt(summary, "records") + " records\n");
    if (rows_.empty()) return out.Write("It holds nothing.\n");
    std::vector<RowColumn> columns;
    for (const admin::Json& item : summary.at("items")) {
      const auto name = item.get<std::string>();
      columns.push_back({name, Align::kLeft, [name](const admin::Json& row) { return TextAt(row.at("items"), name); }});
    }
    out.Write(RenderRows(rows_, columns, session_.terminal().out_width));
  }

 private:
  Session& session_;
  const bool digest_;
  std::vector<admin::Json> rows_;
};

class StateCommand final : public Command {
 public:
  std::string_view name() const override { return "state"; }
  std::string_view summary() const override { return "The present state a subscription should hold, or its digest"; }
  std::string_view example() const override { return "datong state tax-companies --digest -d /var/lib/datong"; }
  void Declare(CLI::App& app) override {
    app.add_option("SUBSCRIPTION", subscription_, "Its name in the catalog")->required();
    app.add_flag("--digest", digest_,
                 "Only the SHA-256 of the state (docs/commands.md says of what) and the number of records");
    app.add_option("--items", items_, "Only these items, in declared order; a comma between two")->delimiter(',');
  }
  int Run(Session& session) override {
    admin::Request request{"state", {{"subscription", subscription_}, {"digest", digest_}}};
    request.params["items"] = items_;
    return AskAndPrint(session, request, {}, std::make_unique<StateTable>(session, digest_));
  }

 private:
  std::string subscription_;
  bool digest_ = false;
  std::vector<std::string> items_;
};

}  // namespace

std::unique_ptr<Command> NewStateCommand() { return std::make_unique<StateCommand>(); }

}  // namespace datong::cli
