// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <map>

#include "cli/command.h"
#include "cli/row_table.h"

namespace datong::cli {
namespace {

// "*code" for a key item, "name:int64" for one that is no string.
std::string Items(const admin::Json& row) {
  std::string text;
  const std::string keys = ", " + NamesAt(row, "key") + ", ";
  for (const admin::Json& item : row.at("items")) {
    const std::string name = TextAt(item, "name"), type = TextAt(item, "type");
    text += text.empty() ? "" : " ";
    text += keys.find(", " + name + ", ") == std::string::npos ? name : "*" + name;
    if (type != "string") text += ":" + type;
  }
  return text;
}

std::string GrantedItems(const admin::Json& row) { return row.at("items").is_null() ? "all" : NamesAt(row, "items"); }

std::string GrantState(const admin::Json& row) {
  if (FlagAt(row, "revoked")) return "revoked";
  const std::string until = TextAt(row, "valid_until");
  return until.empty() ? "open" : "until " + ShortTime(until);
}

std::string SubscriptionState(const admin::Json& row) {
  if (!FlagAt(row, "active")) return "ended";
  return FlagAt(row, "suspended") ? "suspended" : "active";
}

class CatalogTables final : public RowPrinter {
 public:
  explicit CatalogTables(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override { rows_[TextAt(row, "kind")].push_back(row); }
  void Finish(const admin::Json& summary) override {
    session_.output().Write("Catalog version " + TextAt(summary, "version") + "\n");
    Section("department",
            {TextColumn("DEPARTMENT", "name"), TextColumn("TITLE", "title"),
             TextColumn("SOCIAL CREDIT CODE", "social_credit_code"), TextColumn("KAFKA USER", "kafka_user")});
    Section("key_domain", {TextColumn("KEY DOMAIN", "name")});
    Section("resource", {TextColumn("RESOURCE", "name"),
                         TextColumn("TITLE", "title"),
                         TextColumn("KIND", "resource_kind"),
                         TextColumn("PROVIDER", "provider"),
                         TextColumn("KEY DOMAIN", "key_domain"),
                         NumberColumn("PARTITIONS", "partitions"),
                         NumberColumn("SCHEMA", "schema_version"),
                         {"ITEMS (* key)", Align::kLeft, Items}});
    Section("grant", {TextColumn("GRANT", "name"),
                      TextColumn("RESOURCE", "resource"),
                      TextColumn("TO", "department"),
                      {"VALID", Align::kLeft, GrantState},
                      {"ITEMS", Align::kLeft, GrantedItems},
                      TextColumn("PURPOSE", "purpose")});
    Section("subscription", {TextColumn("SUBSCRIPTION", "name"),
                             TextColumn("GRANT", "grant"),
                             TextColumn("RESOURCE", "resource"),
                             TextColumn("START", "start"),
                             {"STATE", Align::kLeft, SubscriptionState},
                             NumberColumn("STREAM", "stream")});
    Section("connector",
            {TextColumn("CONNECTOR", "name"),
             TextColumn("KIND", "connector_kind"),
             TextColumn("DIRECTION", "direction"),
             {"OF", Align::kLeft,
              [](const admin::Json& row) { return TextAt(row, "resource") + TextAt(row, "subscription"); }},
             {"OPTIONS", Align::kLeft, [](const admin::Json& row) { return PairsOf(row.at("options")); }}});
  }

 private:
  void Section(const std::string& kind, const std::vector<RowColumn>& columns) {
    const auto rows = rows_.find(kind);
    if (rows == rows_.end()) return;
    session_.output().Write("\n" + RenderRows(rows->second, columns, session_.terminal().out_width));
  }

  Session& session_;
  std::map<std::string, std::vector<admin::Json>> rows_;
};

class CatalogShowCommand final : public Command {
 public:
  std::string_view name() const override { return "catalog show"; }
  std::string_view summary() const override {
    return "Departments, resources, grants, subscriptions and connectors as they are";
  }
  std::string_view example() const override { return "datong catalog show -d /var/lib/datong"; }
  void Declare(CLI::App&) override {}
  int Run(Session& session) override {
    return AskAndPrint(session, {"catalog", admin::Json::object()}, {}, std::make_unique<CatalogTables>(session));
  }
};

class ProtoText final : public RowPrinter {
 public:
  explicit ProtoText(Session& session) : session_(session) {}
  void Row(const admin::Json& row) override { session_.output().Write(TextAt(row, "proto")); }
  void Finish(const admin::Json&) override {}

 private:
  Session& session_;
};

class CatalogProtoCommand final : public Command {
 public:
  std::string_view name() const override { return "catalog proto"; }
  std::string_view summary() const override { return "The protobuf message of a resource's records, as a .proto file"; }
  std::string_view example() const override {
    return "datong catalog proto companies -d /var/lib/datong > companies.proto";
  }
  void Declare(CLI::App& app) override { app.add_option("RESOURCE", resource_, "Its name in the catalog")->required(); }
  int Run(Session& session) override {
    return AskAndPrint(session, {"catalog.proto", {{"resource", resource_}}}, {}, std::make_unique<ProtoText>(session));
  }

 private:
  std::string resource_;
};

}  // namespace

std::unique_ptr<Command> NewCatalogShowCommand() { return std::make_unique<CatalogShowCommand>(); }
std::unique_ptr<Command> NewCatalogProtoCommand() { return std::make_unique<CatalogProtoCommand>(); }

}  // namespace datong::cli
