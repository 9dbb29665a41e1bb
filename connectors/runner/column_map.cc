// SPDX-License-Identifier: Apache-2.0
#include "connectors/runner/column_map.h"

#include <algorithm>

namespace datong::runner {
namespace {

constexpr size_t kNamesShown = 40;

template <typename Items, typename NameOf>
std::string Names(const Items& items, NameOf name_of) {
  std::string text;
  for (size_t i = 0; i < items.size() && i < kNamesShown; ++i) text += (i == 0 ? "" : ", ") + name_of(items[i]);
  if (items.size() > kNamesShown) text += ", and " + std::to_string(items.size() - kNamesShown) + " more";
  return text;
}

}  // namespace

ColumnMap MapColumns(const record::RecordSchema& schema, const std::vector<std::string>& columns,
                     const std::map<std::string, std::string>& item_of_column) {
  ColumnMap map;
  map.column_of_item.assign(schema.items.size(), ColumnMap::kNoColumn);
  if (columns.empty()) return map;  // an empty file, or none of its rows can be read: that is told row by row
  const auto fail = [&](const std::string& why) {
    map.failure = "columns_do_not_match: " + why +
                  "; columns of the file: " + Names(columns, [](const std::string& name) { return name; }) +
                  "; items of " + schema.resource + ": " +
                  Names(schema.items, [](const record::Item& item) { return item.name; });
  };
  const auto item_name = [&](const std::string& column) -> const std::string& {
    const auto declared = item_of_column.find(column);
    return declared == item_of_column.end() ? column : declared->second;
  };
  for (const std::string& column : columns) {
    map.names.push_back(schema.FindByName(item_name(column)) != nullptr ? item_name(column) : column);
  }
  size_t mapped = 0;
  for (size_t column = 0; column < columns.size(); ++column) {
    const std::string& name = item_name(columns[column]);
    const auto item = std::find_if(schema.items.begin(), schema.items.end(),
                                   [&name](const record::Item& candidate) { return candidate.name == name; });
    if (item == schema.items.end()) {
      map.ignored_columns.push_back(columns[column]);
      continue;
    }
    size_t& of_item = map.column_of_item[static_cast<size_t>(item - schema.items.begin())];
    if (of_item != ColumnMap::kNoColumn) return fail("two columns feed item " + name), map;
    of_item = column;
    ++mapped;
  }
  if (schema.kind == record::ResourceKind::kEntity) {
    for (const uint32_t key : schema.key_items) {
      if (map.column_of_item[key] != ColumnMap::kNoColumn) continue;
      map.lacks_key = true;
      if (mapped != 0) return fail("key item " + schema.items[key].name + " has no column"), map;
    }
  }
  if (mapped == 0) fail("no column has the name of an item");
  return map;
}

}  // namespace datong::runner
