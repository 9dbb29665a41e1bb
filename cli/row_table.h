// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/row_printer.h"
#include "cli/session.h"
#include "cli/text_table.h"

namespace datong::cli {

// Members of a row as text; empty when they are missing or null.
std::string TextAt(const admin::Json& row, const std::string& name);
uint64_t NumberAt(const admin::Json& row, const std::string& name);  // 0 when missing
std::string GroupedAt(const admin::Json& row, const std::string& name);
bool FlagAt(const admin::Json& row, const std::string& name);
std::string NamesAt(const admin::Json& row, const std::string& name);  // a list, joined by ", "
// "name=value, name=value" of an object's members.
std::string PairsOf(const admin::Json& object);
std::string ShortTime(const std::string& rfc3339);  // "2026-03-01 08:00:00"

struct RowColumn {
  std::string header;
  Align align = Align::kLeft;
  std::function<std::string(const admin::Json&)> cell;
};
RowColumn TextColumn(std::string header, std::string member);
RowColumn NumberColumn(std::string header, std::string member);

// Collects rows and shows them as one table when the answer is complete; `nothing` when there were none.
std::unique_ptr<RowPrinter> NewRowTable(Session& session, std::vector<RowColumn> columns, std::string nothing);

std::string RenderRows(const std::vector<admin::Json>& rows, const std::vector<RowColumn>& columns, size_t width_max);

}  // namespace datong::cli
