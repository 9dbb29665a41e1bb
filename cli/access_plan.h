// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "broker_adapters/kafka/access_control.h"

namespace datong::cli {

// What a cluster's access rules lack and have too much of. Pure.
struct AccessPlan {
  std::vector<kafka::AccessBinding> create, remove, keep;
  // Rules that reach into the exchange and are not its own to change: of users that no department has or had, refusals,
  // rules for everybody or for more than this exchange. They may let through what the catalog does not.
  std::vector<kafka::AccessBinding> foreign;
};

// `exchange`: its name in the cluster. `users`: every user that a department has or had. An exchange's own rules are
// those that allow one of these users, from any address, to read or write topics or groups of the exchange's name.
AccessPlan PlanAccess(const std::string& exchange, const std::vector<kafka::AccessBinding>& wanted,
                      const std::vector<kafka::AccessBinding>& there, const std::set<std::string>& users);

}  // namespace datong::cli
