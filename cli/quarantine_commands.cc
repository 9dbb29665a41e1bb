// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/quarantine_export.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

class QuarantineTables final : public RowPrinter {
 public:
  explicit QuarantineTables(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override { (TextAt(row, "kind") == "count" ? counts_ : rows_).push_back(row); }
  void Finish(const admin::Json& summary) override {
    Output& out = session_.output();
    const size_t width = session_.terminal().out_width;
    if (counts_.empty()) return out.Write("Nothing is quarantined.\n");
    out.Write(RenderRows(
        counts_, {TextColumn("RESOURCE", "resource"), TextColumn("REASON", "reason"), NumberColumn("ROWS", "rows")},
        width));
    if (rows_.empty()) return;
    out.Write("\n");
    out.Write(RenderRows(rows_,
                         {TextColumn("ID", "id"), TextColumn("RESOURCE", "resource"), TextColumn("FILE", "file"),
                          NumberColumn("ROW", "row"), TextColumn("REASON", "reason"), TextColumn("DETAIL", "detail")},
                         width));
    if (NumberAt(summary, "listed") < NumberAt(summary, "rows")) {
      out.Write("the last " + GroupedAt(summary, "listed") + " of " + GroupedAt(summary, "rows") +
                " rows; --limit N shows more\n");
    }
  }

 private:
  Session& session_;
  std::vector<admin::Json> counts_, rows_;
};

class QuarantineListCommand final : public Command {
 public:
  std::string_view name() const override { return "quarantine list"; }
  std::string_view summary() const override {
    return "Rows that were held back: how many for which reason, and the latest";
  }
  std::string_view example() const override { return "datong quarantine list --resource companies -d /var/lib/datong"; }
  void Declare(CLI::App& app) override {
    app.add_option("--resource", resource_, "Only of this resource");
    app.add_option("--limit", limit_, "How many of the latest rows to list (default 20)");
  }
  int Run(Session& session) override {
    admin::Request request{"quarantine.list", {{"limit", limit_}}};
    if (!resource_.empty()) request.params["resource"] = resource_;
    return AskAndPrint(session, request, {}, std::make_unique<QuarantineTables>(session));
  }

 private:
  std::string resource_;
  uint64_t limit_ = 20;
};

class QuarantinedText final : public RowPrinter {
 public:
  explicit QuarantinedText(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override {
    Output& out = session_.output();
    out.Write(TextAt(row, "id") + "  " + TextAt(row, "resource") + "\n");
    out.Write("  from    " + TextAt(row, "file") + ", row " + TextAt(row, "row") + "\n");
    out.Write("  reason  " + TextAt(row, "reason") + "\n");
    if (const std::string detail = TextAt(row, "detail"); !detail.empty()) out.Write("  detail  " + detail + "\n");
    out.Write("  since   " + ShortTime(TextAt(row, "quarantined")) + " UTC, lane " + TextAt(row, "lane") +
              ", ledger entry " + TextAt(row, "ledger_sequence") + "\n");
    out.Write(std::string("  ") + (FlagAt(row, "original") ? "original bytes" : "record bytes") +
              (FlagAt(row, "cut") ? " (only the beginning; the rest is at the source)" : "") + ", " +
              GroupedAt(row, "bytes") + ":\n" + TextAt(row, "raw") + "\n");
  }
  void Finish(const admin::Json&) override {}

 private:
  Session& session_;
};

class QuarantineShowCommand final : public Command {
 public:
  std::string_view name() const override { return "quarantine show"; }
  std::string_view summary() const override { return "One held-back row: reason and original bytes"; }
  std::string_view example() const override { return "datong quarantine show 0-17-4 -d /var/lib/datong"; }
  void Declare(CLI::App& app) override { app.add_option("ID", id_, "As `quarantine list` shows it")->required(); }
  int Run(Session& session) override {
    return AskAndPrint(session, {"quarantine.show", {{"id", id_}}}, {}, std::make_unique<QuarantinedText>(session));
  }

 private:
  std::string id_;
};

class QuarantineExportCommand final : public Command {
 public:
  std::string_view name() const override { return "quarantine export"; }
  std::string_view summary() const override {
    return "Writes the original bytes of held-back rows to a file, for repair and another import";
  }
  std::string_view example() const override {
    return "datong quarantine export held.csv --resource companies --header-from 2026-03-01.csv.gz -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    app.add_option("OUT", options_.path, "The file to write; OUT.reasons.csv says why each row was held back")
        ->required();
    app.add_option("--resource", options_.resource, "Only of this resource");
    app.add_option("--file", options_.source_file, "Only rows that came from the file of this name");
    app.add_option("--header-from", options_.header_from,
                   "First copy the header line of this file (as it is encoded there)");
    app.add_option("--title-lines", options_.title_lines, "Lines before the header in that file");
  }
  int Run(Session& session) override { return ExportQuarantine(session, options_); }

 private:
  QuarantineExportOptions options_;
};

}  // namespace

std::unique_ptr<Command> NewQuarantineListCommand() { return std::make_unique<QuarantineListCommand>(); }
std::unique_ptr<Command> NewQuarantineShowCommand() { return std::make_unique<QuarantineShowCommand>(); }
std::unique_ptr<Command> NewQuarantineExportCommand() { return std::make_unique<QuarantineExportCommand>(); }

}  // namespace datong::cli
