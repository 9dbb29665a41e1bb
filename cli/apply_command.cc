// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/command.h"
#include "cli/finding_problem.h"
#include "cli/problem_text.h"
#include "cli/row_table.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/admin/question.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/catalog/catalog_frontend.h"

namespace datong::cli {
namespace {

constexpr uint64_t kCatalogBytesMax = uint64_t{64} << 20;

class ChangeLines final : public RowPrinter {
 public:
  explicit ChangeLines(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override {
    const std::string change = TextAt(row, "change");
    if (!change.ends_with(": unchanged")) session_.output().Write("  " + change + "\n");
  }
  void Finish(const admin::Json& summary) override {
    const admin::Json& findings = summary.at("findings");
    std::string text;
    if (!findings.empty()) {
      text = "Nothing was applied: " + std::to_string(findings.size()) +
             (findings.size() == 1 ? " mistake.\n" : " mistakes.\n");
    } else if (!FlagAt(summary, "changed")) {
      text = "Nothing to change: the catalog is at version " + TextAt(summary, "version") + ".\n";
    } else if (FlagAt(summary, "dry_run")) {
      text = "Would be applied; nothing was.\n";
    } else {
      text = "Applied: the catalog is at version " + TextAt(summary, "version") + ".\n";
    }
    session_.output().Write(text);
  }

 private:
  Session& session_;
};

class ApplyCommand final : public Command {
 public:
  std::string_view name() const override { return "apply"; }
  std::string_view summary() const override { return "Makes the catalog what a file says, all of it or nothing"; }
  std::string_view example() const override { return "datong apply -f catalog.yaml --dry-run -d /var/lib/datong"; }
  void Declare(CLI::App& app) override {
    app.add_option("-f,--file", file_, "The catalog file (YAML)")->required();
    app.add_flag("--dry-run", dry_run_, "Check and say what would change, and change nothing");
  }

  int Run(Session& session) override {
    auto yaml = base::ReadWholeFile(session.ground().files, file_, kCatalogBytesMax);
    if (!yaml.ok()) {
      const bool denied = absl::IsPermissionDenied(yaml.status());
      return Fail(session, admin::ToStatus({.code = denied ? admin::Code::kDenied : admin::Code::kCatalogFileUnreadable,
                                            .what = "the catalog file cannot be read",
                                            .where = file_,
                                            .why = std::string(base::Std(yaml.status().message()))}));
    }
    const std::unique_ptr<RowPrinter> printer = PrinterFor(session, std::make_unique<ChangeLines>(session));
    const absl::StatusOr<admin::Json> summary = Apply(session, *yaml, *printer);
    if (!summary.ok()) return Fail(session, summary.status());
    printer->Finish(*summary);
    session.output().Flush();
    int code = 0;
    for (const admin::Json& finding : summary->at("findings")) code = ShowFinding(session, *yaml, finding);
    return code;
  }

 private:
  absl::StatusOr<admin::Json> Apply(Session& session, const std::string& yaml, RowPrinter& printer) {
    const auto there = HoldsExchange(session.ground(), session.settings().directory);
    if (dry_run_ && there.ok() && !*there) return PlanForNew(session, yaml, printer);
    const char* user = std::getenv("USER");
    admin::Request request{"apply",
                           {{"yaml", yaml}, {"applied_by", user == nullptr ? "" : user}, {"dry_run", dry_run_}}};
    return session.Ask(request, {.create = true}, printer);
  }

  // A trial must not make a directory.
  absl::StatusOr<admin::Json> PlanForNew(Session& session, const std::string& yaml, RowPrinter& printer) {
    class ToPrinter final : public admin::Responder {
     public:
      explicit ToPrinter(RowPrinter& to) : to_(to) {}
      void Row(const admin::Json& row) override { to_.Row(row); }
      void Progress(const admin::Json&) override {}
      bool cancelled() override { return false; }
      bool Pause(int64_t) override { return true; }

     private:
      RowPrinter& to_;
    } out(printer);
    const Ground& ground = session.ground();
    const catalog::PlannedChange planned =
        catalog::PlanChange(yaml, catalog::CatalogTable(), ground.clock.Now(), "", ground.random);
    return admin::ApplySummary(planned, true, 0, out);
  }

  int ShowFinding(Session& session, const std::string& yaml, const admin::Json& finding) {
    admin::Problem problem{.code = admin::Code::kCatalogFinding,
                           .what = TextAt(finding, "message"),
                           .where = file_,
                           .why = TextAt(finding, "why"),
                           .next = TextAt(finding, "next"),
                           .detail = TextAt(finding, "finding")};
    const int line = finding.value("line", 0);
    if (line > 0) {
      problem.column = finding.value("column", 1);
      problem.length = finding.value("length", 1);
      problem.where = file_ + ":" + std::to_string(line) + ":" + std::to_string(problem.column);
      problem.line = LineOf(yaml, line);
    }
    return Fail(session, admin::ToStatus(problem));
  }

  std::string file_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> NewApplyCommand() { return std::make_unique<ApplyCommand>(); }

}  // namespace datong::cli
