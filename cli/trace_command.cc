// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/display_width.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

// A story rather than a table: where it came from, what was decided and why, who has it.
class TraceText final : public RowPrinter {
 public:
  explicit TraceText(Session& session) : session_(session) {}

  void Row(const admin::Json& row) override {
    if (TextAt(row, "resource") != resource_) {
      resource_ = TextAt(row, "resource");
      Line(resource_);
    }
    TextAt(row, "kind") == "present" ? Present(row) : Occurrence(row);
  }
  void Finish(const admin::Json& summary) override {
    if (FlagAt(summary, "incomplete"))
      Line("Part of the history is no longer kept: contents and repeats may be missing above.");
  }

 private:
  void Line(const std::string& text) { session_.output().Write(OneLine(text) + "\n"); }

  void Occurrence(const admin::Json& row) {
    const std::string number = TextAt(row, "row"), snapshot = TextAt(row, "snapshot");
    const std::string place =
        FlagAt(row, "kept") ? TextAt(row, "file") + (number.empty() ? "" : ":" + number) : "(content no longer kept)";
    Line("  " + ShortTime(TextAt(row, "received")) + "  " + place + "  " + TextAt(row, "verdict") + ": " +
         TextAt(row, "why"));
    Line("    lane " + TextAt(row, "lane") + ", ledger entry " + TextAt(row, "ledger_sequence") + ", record " +
         TextAt(row, "record") + (snapshot.empty() ? "" : ", snapshot " + snapshot));
    for (const admin::Json& delivery : row.at("deliveries")) {
      const std::string reason = TextAt(delivery, "reason");
      Line("    -> " + TextAt(delivery, "subscription") + ": " + TextAt(delivery, "state") +
           (reason.empty() ? "" : " (" + reason + ")") + ", sequence " + TextAt(delivery, "lane") + "/" +
           TextAt(delivery, "sequence") + (FlagAt(delivery, "again") ? ", sent again" : ""));
    }
  }

  void Present(const admin::Json& row) {
    Line("  now " + TextAt(row, "state") + ", digest " + TextAt(row, "digest") + ", last content " +
         TextAt(row, "file") + ":" + TextAt(row, "row"));
    if (!row.at("items").is_object()) return;
    for (const auto& item : row.at("items").items()) {
      Line("    " + item.key() + " = " +
           (item.value().is_string() ? item.value().get<std::string>() : item.value().dump()));
    }
  }

  Session& session_;
  std::string resource_;
};

class TraceCommand final : public Command {
 public:
  std::string_view name() const override { return "trace"; }
  std::string_view summary() const override {
    return "One record's life: every row about it, the verdicts, who received it";
  }
  std::string_view example() const override {
    return "datong trace 91350100M000100Y43 --resource companies -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    app.add_option("KEY", key_, "Values of the key items joined by commas, or a digest of 32 hexadecimal digits")
        ->required();
    app.add_option("--resource", resource_, "Only in this resource");
  }
  int Run(Session& session) override {
    admin::Request request{"trace", {{"key", key_}}};
    if (!resource_.empty()) request.params["resource"] = resource_;
    return AskAndPrint(session, request, {}, std::make_unique<TraceText>(session));
  }

 private:
  std::string key_, resource_;
};

}  // namespace

std::unique_ptr<Command> NewTraceCommand() { return std::make_unique<TraceCommand>(); }

}  // namespace datong::cli
