// SPDX-License-Identifier: Apache-2.0
// Real published files, and the public CSV samples, are read as independent readers read them: every record once, none
// invented.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

size_t CountUnreadable(const ReadFile& all, const std::string& reason) {
  size_t count = 0;
  for (const ReadRow& row : all.rows) count += row.unreadable == reason ? 1 : 0;
  return count;
}

TEST_CASE("csv-spectrum files parse to their published answers") {
  const std::string csvs = SharedData("conformance/csv-spectrum/csvs");
  if (csvs.empty()) return;
  for (const auto& entry : std::filesystem::directory_iterator(csvs)) {
    const std::string stem = entry.path().stem().string();
    auto expected = nlohmann::json::parse(ReadBytes(csvs + "/../json/" + stem + ".json"));
    if (expected.is_object()) expected = nlohmann::json::array({expected});
    // The published answer to this one has another telephone number than the published question.
    const size_t first_column = stem == "location_coordinates" ? 1 : 0;
    FileSourceOptions options;
    options.paths = {entry.path().string()};
    const ReadFile all = ReadAll(options);
    INFO(stem);
    REQUIRE(all.complete == 1);
    REQUIRE(all.rows.size() == expected.size());
    for (size_t row = 0; row < all.rows.size(); ++row) {
      for (size_t column = first_column; column < all.units[0].columns.size(); ++column) {
        std::string answer = expected[row][all.units[0].columns[column]];
        // The published answer has CRLF inside quotes where the published question has LF only.
        if (stem == "newlines_crlf") answer.erase(std::remove(answer.begin(), answer.end(), '\r'), answer.end());
        CHECK(all.rows[row].values[column].value_or("") == answer);
      }
    }
  }
}

TEST_CASE("messy files with their declared dialect give the counted records") {
  const std::string messy = SharedData("messy");
  if (messy.empty()) return;
  const auto facts = nlohmann::json::parse(ReadBytes(SharedData("facts.json")))["messy"];
  struct Dialect {
    const char* encoding;
    uint32_t title_lines;
  };
  const std::map<std::string, Dialect> dialects = {{"bj-key-projects.gbk.csv.gz", {"gbk", 0}},
                                                   {"bj-new-companies.utf8.csv.gz", {"utf-8", 0}},
                                                   {"bj-listed-companies.utf8bom.csv.gz", {"utf-8", 0}},
                                                   {"bj-changping-sme.gbk.csv", {"gb18030", 1}},
                                                   {"bj-hazchem-permits.utf8bom.csv", {"utf-8", 1}},
                                                   {"bj-huairou-health-permits.utf8bom.csv", {"utf-8", 0}},
                                                   {"bj-service-opening.gbk.csv", {"gbk", 0}}};
  for (const auto& [name, dialect] : dialects) {
    INFO(name);
    FileSourceOptions options;
    options.paths = {messy + "/" + name};
    options.encoding = dialect.encoding;
    options.title_lines = dialect.title_lines;
    const ReadFile all = ReadAll(options);
    REQUIRE(all.status_text == "");
    REQUIRE(all.complete == 1);
    const size_t records = facts[name]["records"];
    CHECK(all.rows.size() == records - 1 - dialect.title_lines);
    CHECK(all.rows.back().number == all.rows.size());
    CHECK(all.units[0].columns.size() == all.rows[0].values.size());
    size_t with_line_break = 0, blank = 0;
    for (const ReadRow& row : all.rows) {
      CHECK(row.unreadable == "");
      bool empty = true;
      for (const auto& value : row.values) {
        with_line_break += value && value->find_first_of("\r\n") != std::string::npos ? 1 : 0;
        empty = empty && value.value_or("").empty();
      }
      blank += empty ? 1 : 0;
    }
    CHECK(with_line_break == facts[name]["fields_with_line_break"].get<size_t>());
    CHECK(blank == facts[name]["blank_records"].get<size_t>());
  }
}

TEST_CASE("names of columns lose invisible characters and get a number where they have none") {
  const std::string messy = SharedData("messy");
  if (messy.empty()) return;
  FileSourceOptions options;
  options.paths = {messy + "/bj-huairou-health-permits.utf8bom.csv"};
  CHECK(ReadAll(options).units[0].columns[0] == "行政相对人名称");
  options.paths = {messy + "/bj-service-opening.gbk.csv"};
  options.encoding = "GBK";
  const auto columns = ReadAll(options).units[0].columns;
  CHECK(columns[7] == "社会信用代码");
  CHECK(columns[253] == "column_254");
}

TEST_CASE("a workbook named .csv is refused by its true name") {
  const std::string messy = SharedData("messy");
  if (messy.empty()) return;
  FileSourceOptions options;
  options.paths = {messy + "/bj-changping-listed.csv"};
  const ReadFile all = ReadAll(options);
  CHECK(all.status_code == "not_csv");
  CHECK(all.status_text.find("an XLSX workbook, not CSV") != std::string::npos);
  CHECK(all.rows.empty());
}

TEST_CASE("registers: rows as counted; the one ragged record is unreadable with its bytes") {
  const std::string company = SharedData("company/companies-a.csv.gz");
  if (company.empty()) return;
  FileSourceOptions options;
  options.paths = {company};
  const ReadFile all = ReadAll(options);
  CHECK(all.rows.size() == 48836);
  CHECK(CountUnreadable(all, "ragged_row") == 1);
  CHECK(CountUnreadable(all, "") == 48835);
  const auto facts = nlohmann::json::parse(ReadBytes(SharedData("facts.json")));
  for (const auto& dump : facts["dotgov"]) {
    options.paths = {SharedData("dotgov/" + dump["name"].get<std::string>())};
    if (!std::filesystem::exists(options.paths[0])) continue;
    CHECK(ReadAll(options).rows.size() == dump["rows"].get<size_t>());
  }
  for (const auto& dump : facts["uk-registers/government-organisation"]) {
    options.paths = {SharedData("uk-registers/" + dump["name"].get<std::string>())};
    const ReadFile read = ReadAll(options);
    CHECK(read.rows.size() == dump["rows"].get<size_t>());
    CHECK(read.identities.at(0) == dump["sha256"].get<std::string>());
  }
  for (const auto& dump : facts["divisions/gb2260-stats"]) {
    options.paths = {SharedData("divisions/" + dump["name"].get<std::string>())};
    CHECK(ReadAll(options).rows.size() == dump["rows"].get<size_t>());
  }
}

}  // namespace
}  // namespace datong::file
