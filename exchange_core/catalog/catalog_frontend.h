// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/random.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/catalog/finding.h"

namespace datong::catalog {

// What an apply would do, or why not.
struct PlannedChange {
  std::string framed_change;  // v1::CatalogChange, framed; empty when there is nothing to change or findings exist
  std::vector<std::string>
      summary;  // a line per object: "resource companies: new (10 items, 4 partitions)", "...: unchanged"
  std::vector<Finding> findings;  // in the order of the text; not empty: nothing may be applied
};

// Reads the YAML text (strictly), compares it with the table and plans one atomic change. Objects not named in the text
// stay as they are; `retired: true` retires one. Pure apart from `random` (domain secrets).
PlannedChange PlanChange(std::string_view yaml, const CatalogTable& table, base::TimeUs now,
                         const std::string& applied_by, base::RandomSource& random);

// For replaying the catalog topic. `framed` as in PlannedChange. Errors of CatalogTable::Apply; Unimplemented when the
// format version is unknown; DataLoss or InvalidArgument when the bytes are no catalog change.
absl::Status ApplyFramed(std::string_view framed, CatalogTable& table);

}  // namespace datong::catalog
