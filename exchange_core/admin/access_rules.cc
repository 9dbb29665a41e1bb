// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/admin/access_rules.h"

#include <map>
#include <utility>

#include "exchange_core/admin/question.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/writer_identities.h"
#include "exchange_core/pipeline/lane_commit.h"

namespace datong::admin {
namespace {

using Kind = AccessRule::Kind;
using Operation = AccessRule::Operation;

// The first reason that is given for a rule stands.
class Rules {
 public:
  explicit Rules(const catalog::CatalogTable& catalog) : catalog_(catalog) {}

  void Allow(uint32_t department_id, Operation operation, Kind kind, const std::string& name, std::string why) {
    const catalog::Department* department = catalog_.FindDepartment(department_id);
    if (department == nullptr || department->kafka_user.empty()) return;
    const AccessRule rule{department->kafka_user, kind, name, operation};
    rules_.try_emplace(rule, ExplainedRule{rule, department->name, std::move(why)});
  }
  std::vector<ExplainedRule> Take() {
    std::vector<ExplainedRule> all;
    for (auto& [rule, explained] : rules_) all.push_back(std::move(explained));
    return all;
  }

 private:
  const catalog::CatalogTable& catalog_;
  std::map<AccessRule, ExplainedRule> rules_;
};

}  // namespace

std::vector<ExplainedRule> AccessRulesOf(const catalog::CatalogTable& catalog, base::TimeUs now) {
  Rules rules(catalog);
  for (const auto& [id, department] : catalog.departments()) {
    // Whatever it provides or receives: why there is nothing for it any longer it can ask as well.
    rules.Allow(id, Operation::kWrite, Kind::kTopic, node::RequestsTopic(id), "its connectors ask the exchange");
    rules.Allow(id, Operation::kRead, Kind::kTopic, node::AnswersTopic(id), "its connectors are answered");
  }
  for (const auto& [id, resource] : catalog.resources()) {
    rules.Allow(resource.provider_id, Operation::kWrite, Kind::kTopic, resource.publish_topic(),
                "provides " + resource.name);
    rules.Allow(resource.provider_id, Operation::kRead, Kind::kTopic, pipeline::QuarantineTopic(resource.provider_id),
                "its own rows that were held back");
  }
  for (const auto& [id, subscription] : catalog.subscriptions()) {
    const catalog::Grant* grant = catalog.FindGrant(subscription.grant_id);
    const catalog::View* view = catalog.FindView(subscription.view_id);
    if (grant == nullptr || view == nullptr || grant->revoked || !subscription.active || subscription.suspended)
      continue;
    if (grant->valid_until != 0 && grant->valid_until <= now) continue;
    const std::string why = "subscription " + subscription.name;
    rules.Allow(grant->department_id, Operation::kRead, Kind::kTopic, view->stream_topic(), why);
    rules.Allow(grant->department_id, Operation::kRead, Kind::kTopic, pipeline::AgainTopic(id), why);
    rules.Allow(grant->department_id, Operation::kRead, Kind::kGroup, node::SubscriptionWriter(id), why);
  }
  return rules.Take();
}

absl::StatusOr<Json> AnswerAccess(Question& question) {
  RETURN_IF_ERROR(question.params.Check());
  const auto table = question.exchange.catalog();
  for (const ExplainedRule& one : AccessRulesOf(*table, question.clock.Now())) {
    question.out.Row({{"kafka_user", one.rule.user},
                      {"department", one.department},
                      {"operation", one.rule.operation == Operation::kWrite ? "write" : "read"},
                      {"kind", one.rule.kind == Kind::kGroup ? "group" : "topic"},
                      {"name", one.rule.name},
                      {"why", one.why}});
  }
  Json users = Json::array();
  for (const std::string& user : table->kafka_users()) users.push_back(user);
  return Json{{"version", table->version()}, {"kafka_users", std::move(users)}};
}

}  // namespace datong::admin
