// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>

#include "cli/exchange_holder.h"
#include "cli/progress_line.h"
#include "cli/row_printer.h"
#include "cli/terminal.h"
#include "exchange_core/admin/request.h"

namespace datong::cli {

// What the command line says to every command.
struct Settings {
  std::string directory;
  OutputForm form = OutputForm::kTable;
  uint32_t lanes = 0;
  embedded::Durability durability = embedded::Durability::kSync;
  EngineSaid engine;
};

// How a question may be answered when no process holds the directory.
struct AskOptions {
  bool endless = false;  // being interrupted is its natural end
  bool create = false;   // make the exchange when there is none
  bool work = false;     // lanes must work, and the catalog's sinks of `sinks_of` as well
  std::string sinks_of;  // a resource; empty: no sinks
};

// One command's way to the exchange: through the socket of whoever holds the directory, else by opening it for the
// moment.
class Session {
 public:
  Session(Settings settings, const Ground& ground, const Terminal& terminal, Output& output)
      : settings_(std::move(settings)), ground_(ground), terminal_(terminal), output_(output) {}

  const Settings& settings() const { return settings_; }
  const Ground& ground() const { return ground_; }
  const Terminal& terminal() const { return terminal_; }
  Output& output() { return output_; }

  // Asks, and hands rows to `printer` as they come. Returns the summary; the caller ends with printer.Finish().
  absl::StatusOr<admin::Json> Ask(const admin::Request& request, const AskOptions& how, RowPrinter& printer);

  // Opens the directory for this process, waiting a moment for a short command that holds it. `shares`: with processes
  // elsewhere that work on the exchange; else there may be none, and one that has died is waited for as long as it may
  // be taken for alive.
  absl::StatusOr<std::unique_ptr<ExchangeHolder>> Hold(bool create, bool shares = false);

  void Warn(const std::string& text);  // a line on standard error

 private:
  absl::StatusOr<admin::Json> AskHere(ExchangeHolder& holder, const admin::Request& request, const AskOptions& how,
                                      admin::Responder& responder);
  absl::Status CheckDirectory(bool create);
  absl::Status Explain(const absl::Status& status) const;

  const Settings settings_;
  const Ground ground_;
  const Terminal terminal_;
  Output& output_;
};

}  // namespace datong::cli
