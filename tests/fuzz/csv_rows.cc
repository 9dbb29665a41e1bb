// SPDX-License-Identifier: Apache-2.0
// Reads CSV files as a source does and prints what it read, for a test that holds it against another reader.
//
//   csv_rows < list     a line per file: delimiter (as a decimal byte), "header" or "none", columns to declare, path
//
// Prints per file one JSON array: ["rows", [names], [row, ...]], a row being an array of strings and nulls (absent), or
// ["failed", code, message], also for the first row that could not be read.
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "connectors/file/file_source.h"
#include "exchange_core/base/file_system.h"

namespace {

using namespace datong;  // NOLINT(google-build-using-namespace): one small program
using Json = nlohmann::json;

Json Failed(const std::string& code, const std::string& message) { return Json::array({"failed", code, message}); }

Json ReadFile(file::FileSourceOptions options) {
  const auto source = file::NewFileSource(std::move(options), base::PosixFileSystem());
  if (const sdk::Status opened = source->Open(""); !opened.ok()) return Failed(opened.code(), opened.message());
  Json names = Json::array(), rows = Json::array();
  sdk::SourceRead read;
  do {
    read.Clear();
    if (const sdk::Status status = source->Read(read); !status.ok()) return Failed(status.code(), status.message());
    if (read.unit_begun) names = read.unit_begun->columns;
    for (size_t row = 0; row < read.rows.rows(); ++row) {
      if (const auto* unreadable = read.rows.unreadable(row)) return Failed(unreadable->reason, unreadable->detail);
      Json& values = rows.emplace_back(Json::array());
      for (size_t i = 0; i < read.rows.width(row); ++i) {
        const auto value = read.rows.value(row, i);
        values.push_back(value ? Json(std::string(*value)) : Json());
      }
    }
    if (!read.unit_failure.empty()) return Failed("unit", read.unit_failure);
  } while (!read.exhausted);
  return Json::array({"rows", std::move(names), std::move(rows)});
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    int delimiter = 0;
    size_t columns = 0;
    std::string header, path;
    if (!(words >> delimiter >> header >> columns >> path)) {
      std::cerr << "csv_rows: not a line of the list: " << line << "\n";
      return EXIT_FAILURE;
    }
    file::FileSourceOptions options;
    options.paths = {path};
    options.delimiter = static_cast<char>(delimiter);
    options.header = header == "header";
    options.format = file::Format::kCsv;
    for (size_t i = 0; i < columns; ++i) options.columns.push_back("c" + std::to_string(i));
    std::cout << ReadFile(std::move(options)).dump() << "\n";
  }
  return EXIT_SUCCESS;
}
