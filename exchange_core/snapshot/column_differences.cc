// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/snapshot/column_differences.h"

#include <algorithm>

namespace datong::snapshot {
namespace {

constexpr size_t kNamesShown = 20;

// Enough for names of columns: ASCII letters in lower case, without white space and marks at the edges.
std::string Folded(const std::string& name) {
  std::string folded;
  for (const char c : name) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '_' || c == '-') continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const std::string mark :
       {"\xEF\xBB\xBF", "\xE2\x80\x8B", "\xE3\x80\x80"}) {  // BOM, zero width, ideographic space
    for (size_t at = folded.find(mark); at != std::string::npos; at = folded.find(mark)) folded.erase(at, mark.size());
  }
  return folded;
}

template <typename Names, typename NameOf>
void AppendNames(std::string& text, const char* label, const Names& names, NameOf name_of) {
  if (names.empty()) return;
  text += std::string(text.empty() ? "" : "; ") + label + ": ";
  for (size_t i = 0; i < names.size() && i < kNamesShown; ++i) text += (i == 0 ? "" : ", ") + name_of(names[i]);
  if (names.size() > kNamesShown) text += ", and " + std::to_string(names.size() - kNamesShown) + " more";
}

}  // namespace

ColumnDifferences FindColumnDifferences(const record::RecordSchema& schema, const std::vector<std::string>& columns) {
  ColumnDifferences found;
  if (columns.empty()) return found;
  std::vector<size_t> dropped, added;  // places in items and in columns
  for (size_t item = 0; item < schema.items.size(); ++item) {
    if (std::find(columns.begin(), columns.end(), schema.items[item].name) == columns.end()) dropped.push_back(item);
  }
  for (size_t column = 0; column < columns.size(); ++column) {
    if (schema.FindByName(columns[column]) == nullptr) added.push_back(column);
  }
  for (const uint32_t key : schema.key_items) {
    found.key_dropped = found.key_dropped || std::find(dropped.begin(), dropped.end(), key) != dropped.end();
  }
  const auto pair_up = [&](auto belong_together) {
    for (auto item = dropped.begin(); item != dropped.end();) {
      const auto column =
          std::find_if(added.begin(), added.end(), [&](size_t candidate) { return belong_together(*item, candidate); });
      if (column == added.end()) {
        ++item;
        continue;
      }
      found.renamed.emplace_back(schema.items[*item].name, columns[*column]);
      added.erase(column);
      item = dropped.erase(item);
    }
  };
  pair_up([&](size_t item, size_t column) { return Folded(schema.items[item].name) == Folded(columns[column]); });
  pair_up([](size_t item, size_t column) { return item == column; });
  for (const size_t item : dropped) found.dropped.push_back(schema.items[item].name);
  for (const size_t column : added) found.added.push_back(columns[column]);
  return found;
}

std::string Describe(const ColumnDifferences& differences) {
  std::string text;
  const auto name = [](const std::string& same) { return same; };
  AppendNames(text, "renamed", differences.renamed, [](const auto& pair) { return pair.first + " -> " + pair.second; });
  AppendNames(text, "dropped", differences.dropped, name);
  AppendNames(text, "added", differences.added, name);
  return text;
}

}  // namespace datong::snapshot
