// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace datong::cli {

enum class Align { kLeft, kRight };

// Rows under headers, each column as wide as its widest cell; widths as a terminal shows them.
class TextTable {
 public:
  struct Column {
    std::string header;
    Align align = Align::kLeft;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void Add(std::vector<std::string> cells);  // as many as there are columns
  bool empty() const { return rows_.empty(); }
  // Lines end in LF, without spaces before it. `width_max`: columns of the terminal, 0 = cut nothing.
  std::string Render(size_t width_max) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

std::string Grouped(uint64_t number);  // "12,345,678"

}  // namespace datong::cli
