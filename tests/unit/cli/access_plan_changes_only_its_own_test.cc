// SPDX-License-Identifier: Apache-2.0
// What a cluster's access rules lack is created, what the catalog no longer says is deleted, and nothing else is
// touched.
#include <catch2/catch.hpp>

#include "cli/access_plan.h"

namespace datong::cli {
namespace {

using kafka::AccessBinding;

AccessBinding Rule(const std::string& user, const std::string& name,
                   AccessBinding::Operation operation = AccessBinding::Operation::kRead) {
  AccessBinding rule;
  rule.principal = "User:" + user;
  rule.name = name;
  rule.operation = operation;
  return rule;
}

const std::set<std::string> kUsers = {"tax", "police", "gone"};

}  // namespace

TEST_CASE("wanted and there: kept; wanted only: created; there only: deleted") {
  const AccessBinding kept = Rule("tax", "city.deliver.1"), created = Rule("tax", "city.deliver.2");
  const AccessBinding deleted = Rule("tax", "city.deliver.3"), of_gone = Rule("gone", "city.pub.1");
  const AccessPlan plan = PlanAccess("city", {kept, created, created}, {deleted, kept, of_gone}, kUsers);
  CHECK(plan.keep == std::vector{kept});
  CHECK(plan.create == std::vector{created});
  CHECK(plan.remove == std::vector{of_gone, deleted});
  CHECK(plan.foreign.empty());
}

TEST_CASE("rules of other exchanges, users and kinds are not the exchange's to delete") {
  AccessBinding refusal = Rule("tax", "city.pub.1"), from_one_address = Rule("tax", "city.pub.1");
  refusal.allow = false;
  from_one_address.host = "kx-1";
  AccessBinding transactions = Rule("tax", "city.lane.0", AccessBinding::Operation::kWrite);
  transactions.kind = AccessBinding::Kind::kOther;
  const AccessBinding describe = Rule("tax", "city.pub.1", AccessBinding::Operation::kOther);
  const AccessBinding monitor = Rule("monitor", "city.ledger");
  AccessBinding group_named_user = Rule("tax", "city.pub.1");
  group_named_user.principal = "Group:tax";
  const std::vector<AccessBinding> reach = {refusal,  from_one_address, transactions,
                                            describe, monitor,          group_named_user};
  const AccessPlan plan = PlanAccess("city", {}, reach, kUsers);
  CHECK(plan.remove.empty());
  CHECK(plan.foreign.size() == reach.size());

  const AccessPlan elsewhere = PlanAccess(
      "city", {}, {Rule("tax", "city2.pub.1"), Rule("tax", "province.pub.1"), Rule("tax", "city"), Rule("tax", "c")},
      kUsers);
  CHECK(elsewhere.remove.empty());
  CHECK(elsewhere.foreign.empty());
}

TEST_CASE("rules that reach wider than one name are seen") {
  AccessBinding all = Rule("tax", "*"), wider = Rule("tax", "ci"), own = Rule("tax", "city.pub."),
                other = Rule("tax", "cities");
  for (AccessBinding* rule : {&wider, &own, &other}) rule->pattern = AccessBinding::Pattern::kPrefixed;
  const AccessPlan plan = PlanAccess("city", {}, {all, wider, own, other}, kUsers);
  CHECK(plan.foreign.size() == 2);  // a star, and a beginning of the exchange's name
  CHECK(plan.remove == std::vector{own});
}

}  // namespace datong::cli
