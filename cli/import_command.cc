// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>

#include "cli/command.h"
#include "cli/file_rows.h"
#include "cli/problem_text.h"
#include "exchange_core/admin/problem.h"

namespace datong::cli {
namespace {

class ImportTable final : public RowPrinter {
 public:
  explicit ImportTable(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override { rows_.push_back(row); }
  void Finish(const admin::Json& summary) override {
    Output& out = session_.output();
    if (!rows_.empty()) out.Write(RenderRows(rows_, FileColumns(), session_.terminal().out_width));
    out.Write(TextAt(summary, "outcome") + ": " + GroupedAt(summary, "rows") + " rows published, " +
              GroupedAt(summary, "accepted") + " accepted, " + GroupedAt(summary, "deleted") + " deleted, " +
              GroupedAt(summary, "held_back") + " held back\n");
    if (const std::string names = NamesAt(summary, "ignored_columns"); !names.empty()) {
      out.Write("columns that feed no item: " + names + "\n");
    }
    if (const std::string names = NamesAt(summary, "without_sink"); !names.empty()) {
      out.Write("subscriptions without a sink in the catalog: " + names + "\n");
    }
  }

 private:
  Session& session_;
  std::vector<admin::Json> rows_;
};

class ImportCommand final : public Command {
 public:
  std::string_view name() const override { return "import"; }
  std::string_view summary() const override { return "Publishes files into a resource and says what became of them"; }
  std::string_view example() const override {
    return "datong import companies 2026-03-01.csv.gz --encoding gb18030 --wait applied -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    app.add_option("RESOURCE", resource_, "Its name in the catalog")->required();
    app.add_option("FILE", files_, "CSV or JSON lines, plain or gzip; in the order to be read")->required();
    app.add_option("--mode", mode_, "full: each file is a complete dump; append: what came since (default)")
        ->check(CLI::IsMember({"append", "full"}));
    app.add_option("--wait", wait_,
                   "Until the rows are published, decided (default), or applied by the catalog's sinks")
        ->check(CLI::IsMember({"published", "decided", "applied"}));
    app.add_flag("--as-new", as_new_, "A file read before counts as a newer one: its rows are later than all others");
    app.add_option("--format", format_, "auto (default), csv, jsonl")->check(CLI::IsMember({"auto", "csv", "jsonl"}));
    app.add_option("--encoding", encoding_, "utf-8 (default), gb18030, gbk");
    app.add_option("--delimiter", delimiter_, "One character, or tab");
    app.add_option("--title-lines", title_lines_, "Lines before the header that are no data");
    app.add_flag("--no-header", no_header_, "The first line is a record already");
    app.add_option("--columns", columns_, "Names of the columns, a comma between two")->delimiter(',');
    app.add_option("--manifest", manifest_,
                   "What stands beside each file and must agree: sha256, count, as_of (FILE.sha256, ...)")
        ->delimiter(',')
        ->check(CLI::IsMember({"sha256", "count", "as_of"}));
    app.add_option("--trailer", trailer_,
                   "First value of a last record that is no row; its second value is a row count");
    app.add_option("--as-of", as_of_, "Where a full dump says which moment it speaks of: name, manifest, item")
        ->check(CLI::IsMember({"name", "manifest", "item"}));
    app.add_option("--ragged", ragged_, "Rows not as wide as the header: unreadable (default), or pad")
        ->check(CLI::IsMember({"unreadable", "pad"}));
  }

  int Run(Session& session) override {
    AskOptions how{.work = true, .sinks_of = wait_ == "applied" ? resource_ : ""};
    const std::unique_ptr<RowPrinter> printer = PrinterFor(session, std::make_unique<ImportTable>(session));
    const absl::StatusOr<admin::Json> summary = session.Ask(MakeRequest(), how, *printer);
    if (!summary.ok()) return Fail(session, summary.status());
    printer->Finish(*summary);
    session.output().Flush();
    for (const admin::Json& problem : summary->at("problems"))
      Fail(session, admin::ToStatus(admin::ProblemFromJson(problem)));
    const std::string outcome = TextAt(*summary, "outcome");
    const auto code = outcome == "complete" ? 0
                      : outcome == "failed" ? static_cast<int>(admin::ProblemClass::kFailed)
                      : outcome == "held"   ? static_cast<int>(admin::ProblemClass::kHeld)
                                            : static_cast<int>(admin::ProblemClass::kPartly);
    return code;
  }

 private:
  admin::Request MakeRequest() const {
    admin::Request request{"import", {{"resource", resource_}, {"mode", mode_}, {"wait", wait_}, {"as_new", as_new_}}};
    admin::Json& params = request.params;
    // Whoever reads them may stand somewhere else.
    for (const std::string& file : files_)
      params["files"].push_back(std::filesystem::absolute(file).lexically_normal().string());
    const auto set = [&params](const char* name, const std::string& value) {
      if (!value.empty()) params[name] = value;
    };
    set("format", format_);
    set("encoding", encoding_);
    set("delimiter", delimiter_);
    set("title_lines", title_lines_);
    set("ragged", ragged_);
    set("trailer", trailer_);
    set("as_of", as_of_);
    if (no_header_) params["header"] = "false";
    if (!columns_.empty()) params["columns"] = columns_;
    if (!manifest_.empty()) params["manifest"] = manifest_;
    return request;
  }

  std::string resource_, mode_ = "append", wait_ = "decided";
  std::string format_, encoding_, delimiter_, title_lines_, ragged_, trailer_, as_of_;
  std::vector<std::string> files_, columns_, manifest_;
  bool as_new_ = false, no_header_ = false;
};

}  // namespace

std::unique_ptr<Command> NewImportCommand() { return std::make_unique<ImportCommand>(); }

}  // namespace datong::cli
