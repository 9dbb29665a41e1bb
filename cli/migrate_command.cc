// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/migration.h"
#include "cli/progress_line.h"
#include "cli/row_table.h"
#include "cli/stop_signals.h"

namespace datong::cli {
namespace {

class MigrateTable final : public RowPrinter {
 public:
  explicit MigrateTable(Session& session)
      : session_(session),
        table_(NewRowTable(session,
                           {TextColumn("TOPIC", "topic"), NumberColumn("MESSAGES", "kept_messages"),
                            NumberColumn("BYTES", "bytes"), NumberColumn("CARRIED NOW", "carried_messages")},
                           "")) {}
  void Row(const admin::Json& row) override { table_->Row(row); }
  void Finish(const admin::Json& summary) override {
    if (TextAt(summary, "outcome") == "moved") {
      table_->Finish(summary);
      session_.output().Write(absl::StrCat("\n", GroupedAt(summary, "kept_messages"), " messages, ",
                                           GroupedAt(summary, "bytes"),
                                           " bytes, the same on both sides; the books balance as before.\n"));
    }
    session_.output().Write(absl::StrCat("The exchange is on Kafka now, as \"", TextAt(summary, "exchange"),
                                         "\": `datong run -d ", session_.settings().directory,
                                         "` goes on.\nWhat it was until now is kept in ", TextAt(summary, "kept_in"),
                                         "; delete it when you need it no longer.\n"));
  }

 private:
  Session& session_;
  const std::unique_ptr<RowPrinter> table_;
};

class MigrateCommand final : public Command {
 public:
  std::string_view name() const override { return "migrate"; }
  std::string_view summary() const override {
    return "Carries an exchange from its directory over to Apache Kafka; interrupted, the same command goes on";
  }
  std::string_view example() const override {
    return "datong migrate --bootstrap-servers kafka-1:9092 --exchange city -d /var/lib/datong";
  }
  void Declare(CLI::App&) override {}

  int Run(Session& session) override {
    std::string at;
    std::unique_ptr<ProgressLine> line;
    const auto look = [&](std::string_view phase, uint64_t messages, uint64_t total) {
      if (line == nullptr || phase != at)
        line = std::make_unique<ProgressLine>(session.terminal(), session.ground().clock);
      at = std::string(phase);
      admin::Json progress = {{"phase", at}};
      if (total == 0) {
        progress["uncounted"] = true;
      } else {
        progress["messages"] = messages;
        progress["messages_total"] = total;
      }
      line->Show(progress);
      return !StopRequested();
    };
    const std::unique_ptr<RowPrinter> printer = PrinterFor(session, std::make_unique<MigrateTable>(session));
    Migration migration(session.ground(), session.settings().directory, session.settings().engine, look);
    const auto summary = migration.Run([&](const admin::Json& row) {
      if (line != nullptr) line->Clear();
      printer->Row(row);
    });
    line.reset();
    if (!summary.ok()) return Fail(session, summary.status());
    printer->Finish(*summary);
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> NewMigrateCommand() { return std::make_unique<MigrateCommand>(); }

}  // namespace datong::cli
