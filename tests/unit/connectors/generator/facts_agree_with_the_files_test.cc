// SPDX-License-Identifier: Apache-2.0
// The facts are counted while the files are written; here they are counted again by somebody who only reads the files.
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "connectors/generator/register_content.h"
#include "connectors/generator/register_writer.h"
#include "tests/support/temporary_directory.h"

namespace datong::generator {
namespace {

using Row = std::vector<std::string>;

std::string Content(const std::string& path) {
  auto content = base::ReadWholeFile(base::PosixFileSystem(), path, uint64_t{1} << 30);
  REQUIRE(content.ok());
  return *content;
}

std::vector<Row> Parse(const std::string& text) {
  std::vector<Row> rows;
  Row row(1);
  bool quoted = false;
  for (size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        row.back() += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        row.back() += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      row.emplace_back();
    } else if (c == '\n') {
      rows.push_back(row);
      row.assign(1, "");
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  REQUIRE_FALSE(quoted);
  REQUIRE(row == Row{""});
  return rows;
}

bool IsUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

// Year, month and day as a number, from any of the four spellings; 0 when it is no date.
int Day(const std::string& text) {
  std::vector<int> parts(1, 0);
  if (text.size() == 8 && text.find_first_not_of("0123456789") == std::string::npos) {
    parts = {std::stoi(text.substr(0, 4)), std::stoi(text.substr(4, 2)), std::stoi(text.substr(6))};
  } else {
    bool digits = true;
    for (char c : text) {
      if (c >= '0' && c <= '9') {
        if (!digits) parts.push_back(0);
        parts.back() = parts.back() * 10 + (c - '0');
      }
      digits = c >= '0' && c <= '9';
    }
  }
  if (parts.size() != 3 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1) return 0;
  const bool leap = parts[0] % 4 == 0 && (parts[0] % 100 != 0 || parts[0] % 400 == 0);
  const int days = parts[1] == 2 ? 28 + leap : 30 + (parts[1] + parts[1] / 8) % 2;
  return parts[2] > days ? 0 : parts[0] * 10'000 + parts[1] * 100 + parts[2];
}

std::string DefectOf(const Row& row, const RegisterShape& shape) {
  if (row.size() != shape.columns.size()) return "ragged";
  for (const std::string& value : row) {
    if (!IsUtf8(value)) return "not_utf8";
  }
  if (row[shape.key_column].empty()) return "no_key";
  if (shape.date_column != SIZE_MAX && Day(row[shape.date_column]) == 0) return "bad_date";
  return "";
}

// What a careful reader would make of a register, file by file.
class Recount {
 public:
  explicit Recount(const RegisterShape& shape) : shape_(shape) {}

  FileFacts Read(const std::string& path) {
    FileFacts facts;
    const std::string text = Content(path);
    facts.bytes = text.size();
    std::vector<Row> rows = Parse(text);
    of_this_file_.clear();
    REQUIRE(rows.at(0) == shape_.columns);
    for (size_t i = 1; i < rows.size(); ++i) Count(rows[i], facts);
    facts.rows = rows.size() - 1;
    facts.keys = known_.size();
    return facts;
  }

 private:
  void Count(Row row, FileFacts& facts) {
    const std::string defect = DefectOf(row, shape_);
    if (!defect.empty()) {
      ++facts.defects[defect];
      ++facts.verdicts["unreadable_row"];
      return;
    }
    if (shape_.date_column != SIZE_MAX) row[shape_.date_column] = std::to_string(Day(row[shape_.date_column]));
    if (shape_.events) row.back() = std::to_string(Day(row.back()));
    const bool repeated = !of_this_file_.insert(row[shape_.key_column]).second;
    const auto [known, is_new] = known_.emplace(row[shape_.key_column], row);
    if (repeated) {
      CHECK(known->second == row);
      ++facts.verdicts["duplicate"];
    } else if (is_new) {
      ++facts.verdicts["inserted"];
    } else if (shape_.events) {
      CHECK(known->second == row);
      ++facts.verdicts["duplicate"];
    } else if (known->second == row) {
      ++facts.verdicts["unchanged"];
    } else {
      known->second = row;
      ++facts.verdicts["updated"];
    }
  }

  const RegisterShape& shape_;
  std::map<std::string, Row> known_;
  std::set<std::string> of_this_file_;  // keys
};

TEST_CASE("rows, keys, verdicts and defects are what the files hold") {
  tests::TemporaryDirectory out;
  GeneratorOptions options;
  options.seed = GENERATE(1u, 7u);
  options.records = 3000;
  options.dumps = 3;
  options.duplicates = 8;
  options.changes = 6;
  options.defects = 3;
  const auto facts = WriteRegisters(options, base::PosixFileSystem(), out.path());
  REQUIRE(facts.ok());
  REQUIRE(facts->registers.size() == 3);
  for (const Register which : {Register::kCompanies, Register::kCertificates, Register::kDivisions}) {
    const RegisterFacts& told = facts->registers[static_cast<size_t>(which)];
    REQUIRE(told.name == ShapeOf(which).name);
    REQUIRE(told.files.size() == 3);
    Recount recount(ShapeOf(which));
    for (const FileFacts& file : told.files) {
      INFO(file.path);
      const FileFacts seen = recount.Read(out.Path(file.path));
      CHECK(seen.rows == file.rows);
      CHECK(seen.bytes == file.bytes);
      CHECK(seen.keys == file.keys);
      CHECK(seen.verdicts == file.verdicts);
      CHECK(seen.defects == file.defects);
      CHECK(file.verdicts.at("unreadable_row") > 0);
    }
    // Every kind of trouble that was asked for is there.
    const FileFacts& last = told.files.back();
    CHECK(last.verdicts.at(which == Register::kCertificates ? "duplicate" : "updated") > 0);
    CHECK(told.files.front().defects.size() == (which == Register::kDivisions ? 3 : 4));
  }
}

TEST_CASE("nothing that was not asked for is there") {
  tests::TemporaryDirectory out;
  GeneratorOptions options;
  options.records = 500;
  options.duplicates = options.changes = options.defects = 0;
  const auto facts = WriteRegisters(options, base::PosixFileSystem(), out.path());
  REQUIRE(facts.ok());
  using Verdicts = std::map<std::string, uint64_t>;
  CHECK(facts->registers[0].files[0].verdicts == Verdicts{{"inserted", 500}});
  CHECK(facts->registers[0].files[1].verdicts == Verdicts{{"unchanged", 500}});
  CHECK(facts->registers[1].files[0].verdicts == Verdicts{{"inserted", 250}});
  CHECK(facts->registers[1].files[1].verdicts.empty());
  CHECK(facts->registers[2].files[1].verdicts == Verdicts{{"unchanged", kDivisionsInAll}});
}

}  // namespace
}  // namespace datong::generator
