// SPDX-License-Identifier: Apache-2.0
#include "cli/text_table.h"

#include <algorithm>

#include "cli/display_width.h"
#include "exchange_core/base/check.h"

namespace datong::cli {
namespace {

constexpr char kGap[] = "  ";

std::string Padded(const std::string& cell, size_t width, Align align) {
  const size_t used = DisplayWidth(cell);
  const std::string pad(width > used ? width - used : 0, ' ');
  return align == Align::kRight ? pad + cell : cell + pad;
}

}  // namespace

void TextTable::Add(std::vector<std::string> cells) {
  DATONG_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = OneLine(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::Render(size_t width_max) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(DisplayWidth(column.header));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }

  std::string text;
  const auto append = [&](const auto& cell_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += kGap;
      line += Padded(cell_of(i), widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += width_max == 0 ? line : CutToWidth(line, width_max);
    text += '\n';
  };
  append([&](size_t i) -> const std::string& { return columns_[i].header; });
  for (const auto& row : rows_) append([&](size_t i) -> const std::string& { return row[i]; });
  return text;
}

std::string Grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace datong::cli
