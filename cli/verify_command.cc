// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/row_table.h"
#include "exchange_core/admin/problem.h"

namespace datong::cli {
namespace {

class VerifyCommand final : public Command {
 public:
  std::string_view name() const override { return "verify"; }
  std::string_view summary() const override { return "Replays the ledger and compares: index, books, chain"; }
  std::string_view example() const override { return "datong verify -d /var/lib/datong"; }
  void Declare(CLI::App&) override {}
  int Run(Session& session) override {
    std::vector<RowColumn> columns = {
        TextColumn("CHECK", "check"),
        {"RESULT", Align::kLeft, [](const admin::Json& row) { return FlagAt(row, "ok") ? "ok" : "FAILED"; }},
        TextColumn("DETAIL", "detail")};
    admin::Json summary;
    const int code = AskAndPrint(session, {"verify", admin::Json::object()}, {},
                                 NewRowTable(session, std::move(columns), ""), &summary);
    if (code != 0 || FlagAt(summary, "sound")) return code;
    return Fail(session, admin::ToStatus(
                             {.code = admin::Code::kIndexDiffers,
                              .what = "the exchange does not agree with its ledger",
                              .where = session.settings().directory,
                              .next = "keep a copy of the directory; an index that is removed (DIR/index) is rebuilt "
                                      "from the ledger at the next start"}));
  }
};

}  // namespace

std::unique_ptr<Command> NewVerifyCommand() { return std::make_unique<VerifyCommand>(); }

}  // namespace datong::cli
