// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/row_table.h"
#include "exchange_core/admin/problem.h"

namespace datong::cli {
namespace {

RowColumn Outcome(std::string header, std::string name) {
  return {std::move(header), Align::kRight,
          [name = std::move(name)](const admin::Json& row) { return GroupedAt(row.at("outcomes"), name); }};
}

RowColumn Balanced() {
  return {"BALANCED", Align::kLeft, [](const admin::Json& row) { return FlagAt(row, "balanced") ? "yes" : "NO"; }};
}

// Two tables: what came in per resource, what went out per subscription.
class BooksTable final : public RowPrinter {
 public:
  explicit BooksTable(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override {
    (TextAt(row, "kind") == "resource" ? resources_ : subscriptions_).push_back(row);
  }
  void Finish(const admin::Json&) override {
    const size_t width = session_.terminal().out_width;
    Output& out = session_.output();
    if (resources_.empty()) return out.Write("The catalog has no resource yet.\n");
    out.Write(
        RenderRows(resources_,
                   {TextColumn("RESOURCE", "resource"), NumberColumn("PUBLISHED", "published"),
                    NumberColumn("GENERATED", "generated"), Outcome("ACCEPTED", "accepted"),
                    Outcome("DUPLICATE", "duplicate"), Outcome("UNCHANGED", "unchanged"), Outcome("STALE", "stale"),
                    Outcome("QUARANTINED", "quarantined"), Outcome("UNAUTHORIZED", "unauthorized"),
                    Outcome("STAGED", "staged"), NumberColumn("WAITING", "waiting"), Balanced()},
                   width));
    if (subscriptions_.empty()) return;
    out.Write("\n");
    out.Write(RenderRows(subscriptions_,
                         {TextColumn("SUBSCRIPTION", "subscription"), TextColumn("DEPARTMENT", "department"),
                          NumberColumn("ACCEPTED", "accepted_since_start"), NumberColumn("SENT AGAIN", "sent_again"),
                          NumberColumn("DELIVERED", "delivered"), NumberColumn("FILTERED", "filtered"),
                          NumberColumn("WITHHELD", "withheld"), NumberColumn("APPLIED", "applied"),
                          NumberColumn("REFUSED", "refused"), NumberColumn("IN FLIGHT", "in_flight"), Balanced()},
                         width));
  }

 private:
  Session& session_;
  std::vector<admin::Json> resources_, subscriptions_;
};

class BooksCommand final : public Command {
 public:
  std::string_view name() const override { return "books"; }
  std::string_view summary() const override {
    return "Every record counted once: what came in, what went out, whether it balances";
  }
  std::string_view example() const override { return "datong books --output json -d /var/lib/datong"; }
  void Declare(CLI::App&) override {}
  int Run(Session& session) override {
    admin::Json summary;
    const int code =
        AskAndPrint(session, {"books", admin::Json::object()}, {}, std::make_unique<BooksTable>(session), &summary);
    if (code != 0 || FlagAt(summary, "balanced")) return code;
    return Fail(
        session,
        admin::ToStatus({.code = admin::Code::kBooksDoNotBalance,
                         .what = "the books do not balance",
                         .where = session.settings().directory,
                         .next = "`datong verify` compares the index with the ledger; keep a copy of the directory"}));
  }
};

}  // namespace

std::unique_ptr<Command> NewBooksCommand() { return std::make_unique<BooksCommand>(); }

}  // namespace datong::cli
