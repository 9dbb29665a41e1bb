// SPDX-License-Identifier: Apache-2.0
// What is broken is named for what it is, costs only the rows it touches, and never stops the rows around it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "connectors/file/json_line.h"
#include "exchange_core/base/limits.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/utf8.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

class OneFile {
 public:
  explicit OneFile(const std::string& name = "x.csv") { options.paths = {folder_.path() + "/" + (name)}; }
  ReadFile Read(const std::string& bytes) {
    WriteFile(options.paths[0], bytes);
    return ReadAll(options);
  }
  FileSourceOptions options;

 private:
  tests::TemporaryDirectory folder_;
};

TEST_CASE("a gzip cut anywhere fails the unit as cut_off; the whole records before stand") {
  OneFile file;
  std::string text = "a,b\n";
  for (int i = 0; i < 3000; ++i) text += std::to_string(i * 7919) + ",x\n";
  const std::string packed = Gzip(text);
  size_t last = 0;
  for (size_t cut = 12; cut < packed.size(); cut += 997) {
    const ReadFile all = file.Read(packed.substr(0, cut));
    INFO(cut);
    CHECK(all.status_code == "");
    CHECK(all.failure.substr(0, 8) == "cut_off:");
    CHECK(all.rows.size() >= last);
    last = all.rows.size();
    if (!all.rows.empty()) CHECK(all.rows.back().values[1] == "x");
  }
  CHECK(last > 100);
  std::string damaged = packed;
  damaged[damaged.size() / 2] ^= 0x55;
  CHECK(file.Read(damaged).failure.substr(0, 8) == "damaged:");
}

TEST_CASE("a pipe is told, and nothing waits for it") {
  OneFile file("pipe.csv");
  REQUIRE(::mkfifo(file.options.paths[0].c_str(), 0600) == 0);
  // Somebody holds it open, so that opening it does not wait either.
  const int holder = ::open(file.options.paths[0].c_str(), O_RDWR | O_NONBLOCK);
  REQUIRE(holder >= 0);
  const ReadFile all = ReadAll(file.options);
  CHECK(all.rows.empty());
  CHECK((!all.status_code.empty() || !all.failure.empty()));
  ::close(holder);
}

TEST_CASE("an open quote at the end is cut_off; records before stand") {
  OneFile file;
  const ReadFile all = file.Read("a,b\n1,2\n3,\"4\n5,6\n");
  CHECK(all.rows.size() == 1);
  CHECK(all.failure.substr(0, 8) == "cut_off:");
}

TEST_CASE("of a row that does not decode the values that do are handed over, of a ragged one none") {
  OneFile file;
  const ReadFile all = file.Read("a,b,c\n1,\xB1\xB1,\"x\"\"y\"\n\xff,2,\n1,\xB1\n");
  REQUIRE(all.rows.size() == 3);
  using Values = std::vector<std::optional<std::string>>;
  CHECK(all.rows[0].unreadable == "encoding");
  CHECK(all.rows[0].values == Values{"1", std::nullopt, "x\"y"});
  CHECK(all.rows[1].values == Values{std::nullopt, "2", std::nullopt});
  CHECK(all.rows[2].unreadable == "ragged_row");
  CHECK(all.rows[2].values.empty());
  file.options.encoding = "gbk";
  const ReadFile gbk = file.Read("a,b\n\xB1\xB1,\xB1\n");
  REQUIRE(gbk.rows.size() == 1);
  CHECK(gbk.rows[0].unreadable == "encoding");
  CHECK(gbk.rows[0].values == Values{"北", std::nullopt});
}

TEST_CASE("undecodable, ragged and oversized records are unreadable with their bytes; the rest goes on") {
  OneFile file;
  SECTION("UTF-8") {
    const ReadFile all = file.Read("a,b\n1,2\n\xB1\xB1,2\n1,2,3\n5\n中,6\n");
    REQUIRE(all.rows.size() == 5);
    CHECK(all.rows[1].unreadable == "encoding");
    CHECK(all.rows[1].raw == "\xB1\xB1,2");
    CHECK(all.rows[2].unreadable == "ragged_row");
    CHECK(all.rows[3].unreadable == "ragged_row");
    CHECK(all.rows[4].values[0] == "中");
    CHECK(all.complete == 1);
  }
  SECTION("GBK: a broken character does not swallow the delimiter") {
    file.options.encoding = "gbk";
    const ReadFile all = file.Read("a,b\n\xB1\xB1,2\n\xB1,2\n\xBE\xA9,3\n");
    REQUIRE(all.rows.size() == 3);
    CHECK(all.rows[0].values[0] == "北");
    CHECK(all.rows[1].unreadable == "encoding");
    CHECK(all.rows[2].values[0] == "京");
  }
  SECTION("GB18030, four bytes") {
    file.options.encoding = "gb18030";
    CHECK(file.Read("a\n\x95\x32\x82\x36\n").rows[0].values[0] == "𠀀");
  }
  SECTION("too large") {
    const ReadFile all = file.Read("a,b\n1,2\n\"" + std::string(base::kRecordBytesMax + 9, 'x') + "\"\"\n,\",2\n3,4\n" +
                                   std::string(base::kRecordBytesMax * 3, 'y') + "\n5,6\n");
    REQUIRE(all.rows.size() == 5);
    CHECK(all.rows[1].unreadable == "too_large");
    CHECK(all.rows[2].values[0] == "3");
    CHECK(all.rows[3].unreadable == "too_large");
    CHECK(all.rows[4].number == 5);
  }
  SECTION("padding") {
    file.options.ragged = RaggedRows::kPad;
    const ReadFile all = file.Read("a,b\n1\n1,2,,\n1,2,3\n");
    CHECK(all.rows[0].values == std::vector<std::optional<std::string>>{"1", std::nullopt});
    CHECK(all.rows[1].values.size() == 2);
    CHECK(all.rows[2].unreadable == "ragged_row");
  }
}

TEST_CASE("what is not CSV is called by its name before any row") {
  OneFile file;
  using namespace std::string_literals;
  CHECK(file.Read("%PDF-1.4 ...").status_text.find("a PDF document") != std::string::npos);
  CHECK(file.Read("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1").status_text.find("XLS") != std::string::npos);
  CHECK(file.Read("\xFF\xFE"
                  "a\0,\0"s)
            .status_code == "utf_16");
  CHECK(file.Read("a\0,\0b\0\n\0"s).status_code == "not_csv");
  CHECK(file.Read(Gzip(Gzip("a,b\n1,2\n"))).status_code == "gzip_in_gzip");
  CHECK(file.Read("").status_code == "no_header");
  CHECK(file.Read("\xB1\xB1,2\n").status_code == "header_encoding");
  file.options.paths = {file.options.paths[0] + ".jsonl"};
  CHECK(file.Read(" [\n{\"a\":1}]").status_code == "json_array");
  file.options.paths = {"/nowhere/x.csv"};
  CHECK(ReadAll(file.options).status_code == "no_such_file");
  file.options.encoding = "latin-9";
  CHECK(ReadAll(file.options).status_code == "bad_options");
}

TEST_CASE("one bad file in a watched directory fails its unit and the next is read") {
  tests::TemporaryDirectory folder;
  WriteFile(folder.path() + "/" + ("1.csv"), "%PDF-1.4");
  WriteFile(folder.path() + "/" + ("2.csv"), "a\n1\n");
  FileSourceOptions options;
  options.directory = folder.path();
  const ReadFile all = ReadAll(options);
  CHECK(all.units.size() == 2);
  CHECK(all.failure.substr(0, 8) == "not_csv:");
  CHECK(all.rows.size() == 1);
}

TEST_CASE("JSON: numbers stay as written, null is absent, nested is compact text, unknown names are told") {
  OneFile file("x.jsonl");
  file.options.columns = {"n", "s", "o", "missing"};
  const ReadFile all = file.Read(
      "{\"n\": 1.50e+3, \"s\": \"a\\\"\\u00e9\\ud840\\udc00\", \"o\": { \"k\" : [ 1 , null ] }, \"x\": 1}\n"
      "{\"n\": null, \"s\": \"\", \"n\": -0}\nnonsense\n{\"s\":\"\\ud800\"}\n[1]\n");
  REQUIRE(all.rows.size() == 5);
  CHECK(all.rows[0].values ==
        std::vector<std::optional<std::string>>{"1.50e+3", "a\"é𠀀", "{\"k\":[1,null]}", std::nullopt});
  CHECK(all.rows[1].values == std::vector<std::optional<std::string>>{"-0", "", std::nullopt, std::nullopt});
  CHECK(all.rows[2].unreadable == "not_json");
  CHECK(all.rows[3].unreadable == "not_json");
  CHECK(all.rows[4].unreadable == "not_json");
  CHECK(all.unknown == std::vector<std::string>{"x"});
}

TEST_CASE("JSONTestSuite: what must be accepted is, what must be refused is, nothing crashes") {
  const std::string suite = SharedData("conformance/json-test-parsing");
  if (suite.empty()) return;
  JsonLine line;
  for (const auto& entry : std::filesystem::directory_iterator(suite)) {
    const std::string name = entry.path().filename().string(), text = ReadBytes(entry.path().string());
    const std::string wrapped = "{\"v\":" + text + "}";
    const bool accepted = base::IsValidUtf8(wrapped) && line.Parse(wrapped);
    INFO(name << " " << line.problem());
    if (name[0] == 'y') CHECK(accepted);
    if (name[0] == 'n') CHECK(!accepted);
  }
}

TEST_CASE("random CSV reads back as it was made, and random bytes never crash") {
  base::SeededRandom random(TestSeed(20240601));
  OneFile file;
  const char* pieces[] = {"a", ",", "\"", "\r\n", "\n", "\r", "中", " ", "", "x"};
  for (int round = 0; round < 300; ++round) {
    std::vector<std::vector<std::optional<std::string>>> rows;
    std::string text = "h1,h2,h3";
    const char* line_end = random.Below(3) == 0 ? "\r\n" : random.Below(2) == 0 ? "\n" : "\r";
    for (uint64_t left = random.Below(30); left > 0; --left) {
      text += line_end;
      auto& row = rows.emplace_back();
      for (int column = 0; column < 3; ++column) {
        std::string value, quoted = "\"";
        for (uint64_t size = random.Below(5); size > 0; --size) value += pieces[random.Below(10)];
        for (const char c : value) quoted += c == '"' ? "\"\"" : std::string(1, c);
        const bool must_quote = value.find_first_of(",\"\r\n") != std::string::npos;
        const bool quote = must_quote || random.Below(4) == 0;
        text += (column == 0 ? "" : ",") + (quote ? quoted + "\"" : value);
        row.push_back(value.empty() && !quote ? std::nullopt : std::optional(value));
      }
    }
    if (random.Below(2) == 0) text += line_end;
    const ReadFile all = file.Read(text);
    INFO(text);
    REQUIRE(all.complete == 1);
    REQUIRE(all.rows.size() == rows.size());
    for (size_t i = 0; i < rows.size(); ++i) REQUIRE(all.rows[i].values == rows[i]);
  }
  for (int round = 0; round < 300; ++round) {
    std::string noise = "h1,h2\n";
    for (uint64_t size = random.Below(200); size > 0; --size) {
      noise += random.Below(2) == 0 ? std::string(pieces[random.Below(10)])
                                    : std::string(1, static_cast<char>(random.Next()));
    }
    file.options.encoding = random.Below(2) == 0 ? "utf-8" : "gb18030";
    file.options.delimiter = random.Below(2) == 0 ? ',' : '|';
    file.Read(noise);
  }
}

}  // namespace
}  // namespace datong::file
