// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exchange_core/record/record_schema.h"

namespace datong::snapshot {

// How the columns of a file differ by name from the items of its resource; the order of either does not matter.
struct ColumnDifferences {
  std::vector<std::pair<std::string, std::string>> renamed;  // (item, the column that took its place)
  std::vector<std::string> dropped;                          // items without a column
  std::vector<std::string> added;                            // columns without an item
  bool key_dropped = false;                                  // an item of the key has no column under its name
  bool only_added() const { return renamed.empty() && dropped.empty() && !added.empty(); }
  bool none() const { return renamed.empty() && dropped.empty() && added.empty(); }
};

// Pure. A dropped item and an added column are a renaming when they stand at the same place, counted in items and in
// columns, or when their names agree without letter case and white space. `columns`: empty = unknown, differs in
// nothing.
ColumnDifferences FindColumnDifferences(const record::RecordSchema& schema, const std::vector<std::string>& columns);

// "renamed: 名称 -> 企业名称; dropped: note; added: x, y"; "" when there are none.
std::string Describe(const ColumnDifferences& differences);

}  // namespace datong::snapshot
