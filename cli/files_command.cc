// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/file_rows.h"

namespace datong::cli {
namespace {

class FilesCommand final : public Command {
 public:
  std::string_view name() const override { return "files"; }
  std::string_view summary() const override { return "What became of every file: rows, verdicts, applied by whom"; }
  std::string_view example() const override { return "datong files --resource companies -d /var/lib/datong"; }
  void Declare(CLI::App& app) override { app.add_option("--resource", resource_, "Only files of this resource"); }
  int Run(Session& session) override {
    admin::Request request{"files", admin::Json::object()};
    if (!resource_.empty()) request.params["resource"] = resource_;
    return AskAndPrint(session, request, {}, NewRowTable(session, FileColumns(), "No file was received yet."));
  }

 private:
  std::string resource_;
};

}  // namespace

std::unique_ptr<Command> NewFilesCommand() { return std::make_unique<FilesCommand>(); }

}  // namespace datong::cli
