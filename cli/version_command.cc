// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/exchange_service.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

class VersionCommand final : public Command {
 public:
  std::string_view name() const override { return "version"; }
  std::string_view summary() const override { return "The version of this program"; }
  std::string_view example() const override { return "datong version --output json"; }
  bool needs_directory() const override { return false; }
  void Declare(CLI::App&) override {}
  int Run(Session& session) override {
    const auto printer = PrinterFor(
        session, NewRowTable(session, {TextColumn("PROGRAM", "program"), TextColumn("VERSION", "version")}, ""));
    printer->Row({{"program", "datong"}, {"version", kVersion}});
    printer->Finish(admin::Json::object());
    session.output().Flush();
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> NewVersionCommand() { return std::make_unique<VersionCommand>(); }

}  // namespace datong::cli
