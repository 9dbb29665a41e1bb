// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.h"

namespace CLI {
class App;
}

namespace datong::cli {

// One command of the command line: one file cli/<name>_command.cc, one line in command_line.cc.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string_view name() const = 0;     // "files", or "quarantine list"
  virtual std::string_view summary() const = 0;  // one line
  virtual std::string_view example() const = 0;  // one command line
  virtual bool needs_directory() const { return true; }
  virtual void Declare(CLI::App& app) = 0;  // its options, bound to members
  virtual int Run(Session& session) = 0;    // exit code
};

std::unique_ptr<Command> NewAclApplyCommand();
std::unique_ptr<Command> NewAclPlanCommand();
std::unique_ptr<Command> NewApplyCommand();
std::unique_ptr<Command> NewBooksCommand();
std::unique_ptr<Command> NewCatalogProtoCommand();
std::unique_ptr<Command> NewCatalogShowCommand();
std::unique_ptr<Command> NewConnectorRunCommand();
std::unique_ptr<Command> NewFilesCommand();
std::unique_ptr<Command> NewImportCommand();
std::unique_ptr<Command> NewLagCommand();
std::unique_ptr<Command> NewQuarantineExportCommand();
std::unique_ptr<Command> NewMigrateCommand();
std::unique_ptr<Command> NewSnapshotListCommand();
std::unique_ptr<Command> NewSnapshotShowCommand();
std::unique_ptr<Command> NewSnapshotConfirmCommand();
std::unique_ptr<Command> NewSnapshotRejectCommand();
std::unique_ptr<Command> NewQuarantineListCommand();
std::unique_ptr<Command> NewQuarantineShowCommand();
std::unique_ptr<Command> NewRunCommand();
std::unique_ptr<Command> NewStateCommand();
std::unique_ptr<Command> NewTailCommand();
std::unique_ptr<Command> NewTopicsApplyCommand();
std::unique_ptr<Command> NewTopicsPlanCommand();
std::unique_ptr<Command> NewTraceCommand();
std::unique_ptr<Command> NewVerifyCommand();
std::unique_ptr<Command> NewVersionCommand();

// Prints an error on standard error - as text, or as {"error":{...}} where the output is for programs - and returns its
// exit code.
int Fail(Session& session, const absl::Status& status);

// The usual course: ask, print rows and summary, return 0; or the error. `table` is used when the output is a table.
// `summary`: set to what came back, when it is wanted.
int AskAndPrint(Session& session, const admin::Request& request, const AskOptions& how,
                std::unique_ptr<RowPrinter> table, admin::Json* summary = nullptr);

// The printer that the settings ask for.
std::unique_ptr<RowPrinter> PrinterFor(Session& session, std::unique_ptr<RowPrinter> table);

}  // namespace datong::cli
