// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <cstdio>
#include <utility>

#include "cli/problem_text.h"
#include "exchange_core/admin/problem.h"

namespace datong::cli {

int Fail(Session& session, const absl::Status& status) {
  if (session.output().closed()) return 0;  // whoever read has enough
  session.output().Flush();
  const admin::Problem problem = admin::FromStatus(status);
  const std::string text = session.settings().form == OutputForm::kTable
                               ? ProblemText(problem, session.terminal().err_colour)
                               : admin::ToLine({{"error", admin::ToJson(problem)}}) + "\n";
  std::fputs(text.c_str(), stderr);
  return ExitCodeOf(problem);
}

std::unique_ptr<RowPrinter> PrinterFor(Session& session, std::unique_ptr<RowPrinter> table) {
  switch (session.settings().form) {
    case OutputForm::kJson:
      return NewJsonPrinter(session.output());
    case OutputForm::kNdjson:
      return NewNdjsonPrinter(session.output());
    case OutputForm::kTable:
      break;
  }
  return table;
}

int AskAndPrint(Session& session, const admin::Request& request, const AskOptions& how,
                std::unique_ptr<RowPrinter> table, admin::Json* summary) {
  const std::unique_ptr<RowPrinter> printer = PrinterFor(session, std::move(table));
  absl::StatusOr<admin::Json> result = session.Ask(request, how, *printer);
  if (how.endless && absl::IsCancelled(result.status())) {
    printer->Finish(admin::Json::object());
    session.output().Flush();
    return 0;
  }
  if (!result.ok()) return Fail(session, result.status());
  printer->Finish(*result);
  session.output().Flush();
  if (summary != nullptr) *summary = *std::move(result);
  return 0;
}

}  // namespace datong::cli
