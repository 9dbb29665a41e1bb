// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <map>
#include <utility>

#include "broker_adapters/kafka/access_control.h"
#include "cli/access_plan.h"
#include "cli/command.h"
#include "cli/kafka_engine.h"
#include "cli/row_table.h"
#include "exchange_core/admin/problem.h"
#include "exchange_core/base/absl_view.h"
#include "exchange_core/base/status_macros.h"

namespace datong::cli {
namespace {

using admin::Json;
using kafka::AccessBinding;

// What the catalog wants, and why; asked from whoever holds the exchange.
class WantedRules final : public RowPrinter {
 public:
  explicit WantedRules(std::string exchange) : exchange_(std::move(exchange)) {}
  void Row(const Json& row) override {
    AccessBinding rule;
    rule.principal = "User:" + TextAt(row, "kafka_user");
    rule.kind = TextAt(row, "kind") == "group" ? AccessBinding::Kind::kGroup : AccessBinding::Kind::kTopic;
    rule.name = exchange_ + "." + TextAt(row, "name");
    rule.operation =
        TextAt(row, "operation") == "write" ? AccessBinding::Operation::kWrite : AccessBinding::Operation::kRead;
    why_[rule] = TextAt(row, "department") + ": " + TextAt(row, "why");
    rules_.push_back(std::move(rule));
  }
  void Finish(const Json&) override {}

  const std::vector<AccessBinding>& rules() const { return rules_; }
  std::string WhyOf(const AccessBinding& rule) const {
    const auto found = why_.find(rule);
    return found == why_.end() ? "" : found->second;
  }

 private:
  const std::string exchange_;
  std::vector<AccessBinding> rules_;
  std::map<AccessBinding, std::string> why_;
};

const char* Word(AccessBinding::Kind kind) {
  return kind == AccessBinding::Kind::kTopic ? "topic" : kind == AccessBinding::Kind::kGroup ? "group" : "other";
}
const char* Word(AccessBinding::Operation operation) {
  return operation == AccessBinding::Operation::kRead    ? "read"
         : operation == AccessBinding::Operation::kWrite ? "write"
                                                         : "other";
}

void ShowRules(const std::vector<AccessBinding>& rules, const char* action, const WantedRules& wanted,
               RowPrinter& printer) {
  for (const AccessBinding& rule : rules) {
    const std::string why = wanted.WhyOf(rule);
    printer.Row({{"action", action},
                 {"principal", rule.principal},
                 {"permission", rule.allow ? "allow" : "deny"},
                 {"operation", Word(rule.operation)},
                 {"kind", Word(rule.kind)},
                 {"name", rule.name},
                 {"pattern", rule.pattern == AccessBinding::Pattern::kPrefixed ? "prefixed" : "literal"},
                 {"host", rule.host},
                 {"why", why.empty() ? Json() : Json(why)}});
  }
}

std::string NameWithPattern(const Json& row) {
  return TextAt(row, "name") + (TextAt(row, "pattern") == "prefixed" && TextAt(row, "name") != "*" ? "*" : "");
}

std::string WhyOrWarning(const Json& row) {
  if (TextAt(row, "action") == "delete") return "the catalog does not say so (any longer)";
  if (TextAt(row, "action") == "foreign") return "not the exchange's: left alone";
  return TextAt(row, "why");
}

class PlanTable final : public RowPrinter {
 public:
  explicit PlanTable(Session& session)
      : session_(session),
        table_(NewRowTable(session,
                           {TextColumn("ACTION", "action"),
                            TextColumn("PRINCIPAL", "principal"),
                            TextColumn("PERMISSION", "permission"),
                            TextColumn("OPERATION", "operation"),
                            TextColumn("KIND", "kind"),
                            {"NAME", Align::kLeft, NameWithPattern},
                            {"WHY", Align::kLeft, WhyOrWarning}},
                           "No department of the catalog has a Kafka user, and the cluster has no rule about this "
                           "exchange.")) {}
  void Row(const Json& row) override { table_->Row(row); }
  void Finish(const Json& summary) override {
    table_->Finish(summary);
    const std::string create = TextAt(summary, "create"), remove = TextAt(summary, "delete");
    const bool nothing = create == "0" && remove == "0";
    session_.output().Write(nothing ? "Nothing to change.\n"
                            : FlagAt(summary, "applied")
                                ? create + " created, " + remove + " deleted.\n"
                                : create + " to create, " + remove + " to delete; `datong acl apply` does it.\n");
  }

 private:
  Session& session_;
  const std::unique_ptr<RowPrinter> table_;
};

absl::Status Explain(const absl::Status& status, const EngineChoice& choice) {
  const std::string why(base::Std(status.message()));
  if (absl::IsPermissionDenied(status)) {
    return admin::ToStatus({.code = admin::Code::kDenied,
                            .what = "the exchange's own user may not see or change access rules",
                            .where = choice.bootstrap_servers,
                            .why = why,
                            .next = "let it alter the cluster (ACL: Alter on Cluster), or give this command with "
                                    "--kafka-config of a user that may"});
  }
  if (absl::IsFailedPrecondition(status)) {
    return admin::ToStatus(
        {.code = admin::Code::kNoAuthorizer,
         .what = "the cluster keeps no access rules",
         .where = choice.bootstrap_servers,
         .why = why,
         .next = "give its brokers an authorizer (authorizer.class.name), and let nobody in without one"});
  }
  return ExplainCluster(status, choice);
}

class AclCommand final : public Command {
 public:
  explicit AclCommand(bool apply) : apply_(apply) {}
  std::string_view name() const override { return apply_ ? "acl apply" : "acl plan"; }
  std::string_view summary() const override {
    return apply_ ? "Gives the cluster the access rules that follow from the catalog, and takes back those that do not"
                  : "The access rules that follow from the catalog, against those the cluster has";
  }
  std::string_view example() const override {
    return apply_ ? "datong acl apply -d /var/lib/datong" : "datong acl plan --output json -d /var/lib/datong";
  }
  void Declare(CLI::App& app) override {
    app.add_option("--kafka-config", config_,
                   "Properties of the user that may change access rules, where the exchange's may not");
  }

  int Run(Session& session) override {
    const std::unique_ptr<RowPrinter> printer = PrinterFor(session, std::make_unique<PlanTable>(session));
    const absl::StatusOr<Json> summary = PlanAndApply(session, *printer);
    if (!summary.ok()) return Fail(session, summary.status());
    printer->Finish(*summary);
    return 0;
  }

 private:
  absl::StatusOr<Json> PlanAndApply(Session& session, RowPrinter& printer) {
    const Ground& ground = session.ground();
    ASSIGN_OR_RETURN(EngineChoice choice,
                     ChooseEngine(ground.files, session.settings().directory, session.settings().engine));
    WantedRules wanted(choice.exchange);
    ASSIGN_OR_RETURN(const Json catalog, session.Ask({"access", Json::object()}, {}, wanted));
    if (!choice.kafka) {
      return admin::ToStatus({.code = admin::Code::kWrongArguments,
                              .what = "only an exchange on Kafka has access rules in a cluster",
                              .where = session.settings().directory,
                              .next = "with the embedded engine nobody reaches a topic but the exchange itself"});
    }
    std::set<std::string> users;
    for (const Json& user : catalog.at("kafka_users")) users.insert(user.get<std::string>());

    if (!config_.empty()) choice.config = config_;
    ASSIGN_OR_RETURN(const kafka::KafkaOptions options, KafkaOptionsOf(ground, choice));
    auto cluster = kafka::AccessControl::Open(options);
    RETURN_IF_ERROR(Explain(cluster.status(), choice));
    const auto there = (*cluster)->List();
    RETURN_IF_ERROR(Explain(there.status(), choice));
    const AccessPlan plan = PlanAccess(choice.exchange, wanted.rules(), *there, users);
    if (apply_) {
      // What is too much goes first: a rule that cannot be given must not leave one standing that was revoked.
      RETURN_IF_ERROR(Explain((*cluster)->Delete(plan.remove), choice));
      RETURN_IF_ERROR(Explain((*cluster)->Create(plan.create), choice));
    }
    ShowRules(plan.create, "create", wanted, printer);
    ShowRules(plan.remove, "delete", wanted, printer);
    ShowRules(plan.keep, "keep", wanted, printer);
    ShowRules(plan.foreign, "foreign", wanted, printer);
    return Json{{"create", plan.create.size()},
                {"delete", plan.remove.size()},
                {"keep", plan.keep.size()},
                {"foreign", plan.foreign.size()},
                {"catalog_version", catalog.at("version")},
                {"applied", apply_}};
  }

  const bool apply_;
  std::string config_;
};

}  // namespace

std::unique_ptr<Command> NewAclPlanCommand() { return std::make_unique<AclCommand>(false); }
std::unique_ptr<Command> NewAclApplyCommand() { return std::make_unique<AclCommand>(true); }

}  // namespace datong::cli
