// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "exchange_core/record/record_schema.h"

namespace datong::runner {

// Which column of a unit feeds which item: by equal names, or as declared.
struct ColumnMap {
  static constexpr size_t kNoColumn = static_cast<size_t>(-1);
  std::vector<size_t> column_of_item;        // per item of the schema; kNoColumn: the item is absent in every row
  std::vector<std::string> names;            // of all columns, in the unit's order: the item's where it would feed one
  std::vector<std::string> ignored_columns;  // feed nothing
  std::string failure;                       // not empty: "columns_do_not_match: ...", with both sides
  bool lacks_key = false;                    // it fails because a key item of an entity has no column
};

// No columns at all map to nothing and are no failure. Else fails when no item has a column, when a key item of an
// entity has none, or when two columns feed one item. `item_of_column`: explicit names, before equal names.
ColumnMap MapColumns(const record::RecordSchema& schema, const std::vector<std::string>& columns,
                     const std::map<std::string, std::string>& item_of_column);

}  // namespace datong::runner
