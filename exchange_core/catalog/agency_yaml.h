// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/catalog/finding.h"

namespace datong::catalog {

// The file of a connector that a department runs itself: which exchange it speaks to, as whom, and what a connector of
// the catalog says besides, in the same words.
struct AgencyFile {
  Connector connector;
  std::string exchange, bootstrap_servers, kafka_config;
};

// What could be read, also when there are findings.
AgencyFile ReadAgencyFile(std::string_view yaml, Findings& findings);

}  // namespace datong::catalog
