// SPDX-License-Identifier: Apache-2.0
#include "cli/access_plan.h"

#include <algorithm>

namespace datong::cli {
namespace {

using kafka::AccessBinding;

bool ReachesInto(const std::string& prefix, const AccessBinding& rule) {
  if (rule.name.starts_with(prefix)) return true;
  if (rule.pattern == AccessBinding::Pattern::kPrefixed) return prefix.starts_with(rule.name);
  return rule.name == "*" && (rule.kind == AccessBinding::Kind::kTopic || rule.kind == AccessBinding::Kind::kGroup);
}

bool IsOwn(const std::string& prefix, const AccessBinding& rule, const std::set<std::string>& users) {
  constexpr std::string_view kUser = "User:";
  return rule.allow && rule.host == "*" && rule.name.starts_with(prefix) && rule.kind != AccessBinding::Kind::kOther &&
         rule.operation != AccessBinding::Operation::kOther && rule.principal.starts_with(kUser) &&
         users.contains(rule.principal.substr(kUser.size()));
}

}  // namespace

AccessPlan PlanAccess(const std::string& exchange, const std::vector<AccessBinding>& wanted,
                      const std::vector<AccessBinding>& there, const std::set<std::string>& users) {
  const std::string prefix = exchange + ".";
  const std::set<AccessBinding> is_wanted(wanted.begin(), wanted.end());
  const std::set<AccessBinding> is_there(there.begin(), there.end());
  AccessPlan plan;
  for (const AccessBinding& rule : is_wanted) (is_there.contains(rule) ? plan.keep : plan.create).push_back(rule);
  for (const AccessBinding& rule : is_there) {
    if (is_wanted.contains(rule) || !ReachesInto(prefix, rule)) continue;
    (IsOwn(prefix, rule, users) ? plan.remove : plan.foreign).push_back(rule);
  }
  return plan;
}

}  // namespace datong::cli
