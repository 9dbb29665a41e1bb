// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/catalog/catalog_table.h"

namespace datong::admin {

// One thing that a department's own user of the cluster may do. What no rule allows is not allowed.
struct AccessRule {
  enum class Kind : uint8_t { kTopic, kGroup };
  enum class Operation : uint8_t { kRead, kWrite };

  std::string user;  // Department::kafka_user
  Kind kind = Kind::kTopic;
  std::string name;  // the exchange's own, as exchange_core/broker knows it
  Operation operation = Operation::kRead;

  friend auto operator<=>(const AccessRule&, const AccessRule&) = default;
};

// A rule and why it is there, for people.
struct ExplainedRule {
  AccessRule rule;
  std::string department, why;
};

// What the catalog lets each department with a user of its own do, by rule, each once: write what it provides, read
// what it subscribes to and may have at `now`, say how far it has read, read what of its own was held back, and ask the
// exchange what its connectors need to know.
//
// No transactional id is anybody's: who could open a transaction could hold up all readers of what it writes to, and
// who could open another's would fence it. A department's writer needs none: what it repeats is recognised.
std::vector<ExplainedRule> AccessRulesOf(const catalog::CatalogTable& catalog, base::TimeUs now);

}  // namespace datong::admin
