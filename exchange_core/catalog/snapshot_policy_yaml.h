// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/catalog/yaml_document.h"

namespace datong::catalog {

// Reads the map `snapshots` of a resource; what it does not say is as in a policy nobody wrote. Shares are per cent
// with at most one decimal.
SnapshotPolicy ReadSnapshotPolicy(const YamlNode& node, Findings& findings);

}  // namespace datong::catalog
