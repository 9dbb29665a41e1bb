// SPDX-License-Identifier: Apache-2.0
#include "cli/row_table.h"

#include <utility>

namespace datong::cli {
namespace {

class RowTable final : public RowPrinter {
 public:
  RowTable(Session& session, std::vector<RowColumn> columns, std::string nothing)
      : session_(session), columns_(std::move(columns)), nothing_(std::move(nothing)) {}
  void Row(const admin::Json& row) override { rows_.push_back(row); }
  void Finish(const admin::Json&) override {
    session_.output().Write(rows_.empty() ? nothing_ + "\n"
                                          : RenderRows(rows_, columns_, session_.terminal().out_width));
  }

 private:
  Session& session_;
  const std::vector<RowColumn> columns_;
  const std::string nothing_;
  std::vector<admin::Json> rows_;
};

}  // namespace

std::string TextAt(const admin::Json& row, const std::string& name) {
  const auto found = row.find(name);
  if (found == row.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : admin::ToLine(*found);
}

uint64_t NumberAt(const admin::Json& row, const std::string& name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_number_integer() ? found->get<uint64_t>() : 0;
}

std::string GroupedAt(const admin::Json& row, const std::string& name) { return Grouped(NumberAt(row, name)); }

bool FlagAt(const admin::Json& row, const std::string& name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_boolean() && found->get<bool>();
}

std::string NamesAt(const admin::Json& row, const std::string& name) {
  const auto found = row.find(name);
  if (found == row.end() || !found->is_array()) return {};
  std::string joined;
  for (const admin::Json& one : *found) {
    joined += (joined.empty() ? "" : ", ") + (one.is_string() ? one.get<std::string>() : admin::ToLine(one));
  }
  return joined;
}

std::string PairsOf(const admin::Json& object) {
  std::string text;
  if (!object.is_object()) return text;
  for (const auto& member : object.items()) {
    text += (text.empty() ? "" : ", ") + member.key() + "=";
    text += member.value().is_string() ? member.value().get<std::string>() : admin::ToLine(member.value());
  }
  return text;
}

std::string ShortTime(const std::string& rfc3339) {
  if (rfc3339.size() < 19) return rfc3339;
  std::string text = rfc3339.substr(0, 19);
  text[10] = ' ';
  return text;
}

RowColumn TextColumn(std::string header, std::string member) {
  return {std::move(header), Align::kLeft,
          [member = std::move(member)](const admin::Json& row) { return TextAt(row, member); }};
}

RowColumn NumberColumn(std::string header, std::string member) {
  return {std::move(header), Align::kRight,
          [member = std::move(member)](const admin::Json& row) { return GroupedAt(row, member); }};
}

std::unique_ptr<RowPrinter> NewRowTable(Session& session, std::vector<RowColumn> columns, std::string nothing) {
  return std::make_unique<RowTable>(session, std::move(columns), std::move(nothing));
}

std::string RenderRows(const std::vector<admin::Json>& rows, const std::vector<RowColumn>& columns, size_t width_max) {
  std::vector<TextTable::Column> headers;
  for (const RowColumn& column : columns) headers.push_back({column.header, column.align});
  TextTable table(std::move(headers));
  for (const admin::Json& row : rows) {
    std::vector<std::string> cells;
    for (const RowColumn& column : columns) cells.push_back(column.cell(row));
    table.Add(std::move(cells));
  }
  return table.Render(width_max);
}

}  // namespace datong::cli
