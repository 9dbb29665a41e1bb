// SPDX-License-Identifier: Apache-2.0
// A department's user may write what it provides, read what it subscribes to and still may have, and ask; nothing else.
#include <catch2/catch.hpp>
#include <set>

#include "exchange_core/admin/access_rules.h"
#include "exchange_core/base/random.h"
#include "exchange_core/catalog/catalog_frontend.h"

namespace datong::admin {
namespace {

constexpr base::TimeUs kNow = base::TimeUs{1'700'000'000} * 1'000'000;
constexpr char kCatalog[] = R"(
departments: [{name: registry, kafka_user: r}, {name: tax, kafka_user: t}, {name: social}]
key_domains: [{name: company}]
resources:
  - {name: companies, provider: registry, key_domain: company, kind: entity, items: [code, name], key: [code]}
  - {name: payers, provider: social, key_domain: company, kind: entity, items: [code, name], key: [code]}
grants:
  - {name: all, resource: companies, department: tax, items: all, purpose: test}
  - {name: names, resource: companies, department: tax, items: [name], purpose: test, valid_until: 2024-01-01}
  - {name: social, resource: companies, department: social, items: all, purpose: test}
subscriptions:
  - {name: all, grant: all, start: beginning}
  - {name: again, grant: all, start: now}
  - {name: names, grant: names, start: beginning}
  - {name: social, grant: social, start: beginning}
)";

catalog::CatalogTable After(const std::string& yaml, catalog::CatalogTable table = {}) {
  base::SeededRandom random(3);
  const catalog::PlannedChange planned = catalog::PlanChange(yaml, table, kNow, "test", random);
  for (const auto& finding : planned.findings) FAIL(finding.line << " " << finding.message);
  REQUIRE(catalog::ApplyFramed(planned.framed_change, table).ok());
  return table;
}

// "t reads topic deliver.1"
std::set<std::string> Rules(const catalog::CatalogTable& table, base::TimeUs now = kNow) {
  std::set<std::string> rules;
  for (const ExplainedRule& one : AccessRulesOf(table, now)) {
    const bool fresh =
        rules
            .insert(one.rule.user + (one.rule.operation == AccessRule::Operation::kWrite ? " writes " : " reads ") +
                    (one.rule.kind == AccessRule::Kind::kGroup ? "group " : "topic ") + one.rule.name)
            .second;
    CHECK(fresh);
    CHECK(!one.why.empty());
  }
  return rules;
}

const std::set<std::string> kAll = {
    "r writes topic pub.1",    "r reads topic quarantine.1",   "r writes topic requests.1",
    "r reads topic answers.1", "t writes topic requests.2",    "t reads topic answers.2",
    "t reads topic deliver.1", "t reads topic again.1",        "t reads group subscription.1",
    "t reads topic again.2",   "t reads group subscription.2", "t reads topic deliver.2",
    "t reads topic again.3",   "t reads group subscription.3"};

std::set<std::string> Without(const std::set<std::string>& gone) {
  std::set<std::string> left = kAll;
  for (const std::string& one : gone) REQUIRE(left.erase(one) == 1);
  return left;
}

}  // namespace

TEST_CASE("each user has its own, and a department without one has nothing") { CHECK(Rules(After(kCatalog)) == kAll); }

TEST_CASE("what has run out, is suspended or revoked is not there any longer") {
  const catalog::CatalogTable table = After(kCatalog);
  const std::set<std::string> of_names = {"t reads topic deliver.2", "t reads topic again.3",
                                          "t reads group subscription.3"};
  CHECK(Rules(table, table.FindGrant("names")->valid_until) == Without(of_names));
  // The stream stays the other subscription's.
  CHECK(Rules(After("subscriptions: [{name: again, grant: all, start: now, suspended: true}]", table)) ==
        Without({"t reads topic again.2", "t reads group subscription.2"}));
  CHECK(Rules(After("subscriptions: [{name: again, grant: all, start: now, retired: true}]", table)) ==
        Without({"t reads topic again.2", "t reads group subscription.2"}));
  CHECK(Rules(After(
            "grants: [{name: all, resource: companies, department: tax, items: all, purpose: test, revoked: true}]",
            table)) ==
        std::set<std::string>{"r writes topic pub.1", "r reads topic quarantine.1", "r writes topic requests.1",
                              "r reads topic answers.1", "t writes topic requests.2", "t reads topic answers.2",
                              "t reads topic deliver.2", "t reads topic again.3", "t reads group subscription.3"});
  CHECK(Rules(After("departments: [{name: registry}]", table)) ==
        Without({"r writes topic pub.1", "r reads topic quarantine.1", "r writes topic requests.1",
                 "r reads topic answers.1"}));
}

}  // namespace datong::admin
