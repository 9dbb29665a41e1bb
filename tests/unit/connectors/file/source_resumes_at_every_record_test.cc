// SPDX-License-Identifier: Apache-2.0
// From the position after any record the source gives exactly the records that follow, whatever the file's form.
#include <catch2/catch.hpp>

#include "connectors/file/text_encoding.h"
#include "exchange_core/base/random.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/file/source_reading.h"

namespace datong::file {
namespace {

void CheckEveryPosition(const FileSourceOptions& with) {
  FileSourceOptions options = with;
  options.rows_per_read_max = 1;
  const ReadFile whole = ReadAll(options);
  REQUIRE(whole.complete == 1);
  REQUIRE(!whole.rows.empty());
  for (size_t taken = 0; taken < whole.rows.size(); ++taken) {
    const ReadFile rest = ReadAll(with, whole.rows[taken].position);
    INFO(whole.rows[taken].position << " " << rest.status_text);
    REQUIRE(rest.units.size() == (rest.rows.empty() && rest.complete == 0 ? 0 : 1));
    REQUIRE(rest.rows.size() == whole.rows.size() - taken - 1);
    for (size_t i = 0; i < rest.rows.size(); ++i) REQUIRE(rest.rows[i] == whole.rows[taken + 1 + i]);
  }
  CHECK(ReadAll(with, whole.position).rows.empty());  // the file is behind us
}

std::string ManyRows(base::RandomSource& random, bool quoted) {
  std::string text = "title line,,\r\nname,code,note\r\n";
  const char* names[] = {"北京金隅集团", "丂丄亪亶", "Smith", "", "镕𠀀朱", "|竊|"};
  for (int i = 0; i < 120; ++i) {
    text += quoted ? "\"" + std::string(names[random.Below(6)]) + (random.Below(3) == 0 ? "\r\n\"\"x\"\",\"" : "\"")
                   : std::string(names[random.Below(6)]);
    text += "," + std::to_string(random.Next()) + (random.Below(10) == 0 ? "" : ",n");
    if (random.Below(8) == 0) text += "\n";
    text += random.Below(2) == 0 ? "\r\n" : "\n";
  }
  return text + "last,1,2";
}

TEST_CASE("every position of CSV, gzip, GB18030 and JSON lines") {
  tests::TemporaryDirectory folder;
  base::SeededRandom random(TestSeed(7));
  FileSourceOptions options;
  options.paths = {folder.path() + "/" + ("rows.csv")};
  options.title_lines = 1;
  for (const bool quoted : {false, true}) {
    const std::string text = ManyRows(random, quoted);
    SECTION(quoted ? "quoted" : "plain") {
      WriteFile(options.paths[0], "\xEF\xBB\xBF" + text);
      CheckEveryPosition(options);
    }
    SECTION(quoted ? "gzip, two members, quoted" : "gzip, two members, plain") {
      WriteFile(options.paths[0], Gzip(text.substr(0, 1000)) + Gzip(text.substr(1000)));
      CheckEveryPosition(options);
    }
    SECTION(quoted ? "GB18030 with | quoted" : "GB18030 with | plain") {
      std::string gb, piped = text;
      for (char& c : piped) c = c == '|' ? 'i' : c == ',' ? '|' : c;
      REQUIRE(TextEncoder(Encoding::kGb18030).Append(piped, gb));
      WriteFile(options.paths[0], gb);
      options.encoding = "gb18030";
      options.delimiter = '|';
      CheckEveryPosition(options);
      CHECK(ReadAll(options).rows.size() == 121);
    }
  }
  SECTION("JSON lines") {
    std::string lines;
    for (int i = 0; i < 100; ++i) {
      lines += random.Below(5) == 0 ? "{\"broken\n"
                                    : "{\"a\":" + std::to_string(i) + ",\"b\":\"中\\u6587\\n\",\"c\":[1, {}]}\n";
      if (random.Below(6) == 0) lines += "\n";
    }
    options.paths = {folder.path() + "/" + ("rows.jsonl")};
    options.title_lines = 0;
    WriteFile(options.paths[0], lines + "{\"late\":true}");
    CheckEveryPosition(options);
    const ReadFile all = ReadAll(options);
    CHECK(all.units[0].columns.back() == "late");
    CHECK(all.rows.back().values.back() == "true");
  }
}

TEST_CASE("a file that changed under its position is refused") {
  tests::TemporaryDirectory folder;
  FileSourceOptions options;
  options.paths = {folder.path() + "/" + ("a.csv")};
  options.rows_per_read_max = 1;
  WriteFile(options.paths[0], "a\n1\n2\n3\n");
  const std::string position = ReadAll(options).rows[0].position;
  WriteFile(options.paths[0], "a\n1\n2\n4\n");
  CHECK(ReadAll(options, position).status_code == "file_changed");
  options.read_again = true;
  CHECK(ReadAll(options, position).rows.size() == 3);
}

TEST_CASE("several files, and a watched directory, go on at the file after the last one") {
  tests::TemporaryDirectory folder;
  FileSourceOptions options;
  for (const char* name : {"1.csv", "2.csv", "3.csv"}) {
    WriteFile(folder.path() + "/" + (name), std::string("a\n") + name + "\n");
    options.paths.push_back(folder.path() + "/" + (name));
  }
  options.rows_per_read_max = 1;
  const ReadFile all = ReadAll(options);
  CHECK(all.complete == 3);
  REQUIRE(all.rows.size() == 3);
  CHECK(ReadAll(options, all.rows[0].position).rows.size() == 2);
  CHECK(ReadAll(options, all.position).rows.empty());
  options.read_again = true;
  CHECK(ReadAll(options, all.position).rows.size() == 3);
  // Asked again in another order, with one of them begun: the ones before it are not passed over.
  std::swap(options.paths[0], options.paths[1]);
  CHECK(ReadAll(options, all.rows[0].position).rows.size() == 3);

  FileSourceOptions watching;
  watching.directory = folder.path();
  watching.pattern = "*.csv";
  WriteFile(folder.path() + "/" + ("4.csv.tmp"), "a\nunfinished\n");
  const ReadFile seen = ReadAll(watching);
  CHECK(seen.rows.size() == 3);
  std::filesystem::rename(folder.path() + "/" + ("4.csv.tmp"), folder.path() + "/" + ("4.csv"));
  const ReadFile more = ReadAll(watching, seen.position);
  REQUIRE(more.rows.size() == 1);
  CHECK(more.rows[0].values[0] == "unfinished");
}

}  // namespace
}  // namespace datong::file
