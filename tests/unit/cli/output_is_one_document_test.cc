// SPDX-License-Identifier: Apache-2.0
// --output json is one document with rows and summary, ndjson a row per line; both are valid JSON whatever the values
// hold.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "cli/progress_line.h"
#include "cli/row_printer.h"

namespace datong::cli {
namespace {

template <typename Make>
std::string Printed(Make make, const std::vector<admin::Json>& rows) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* file = open_memstream(&text, &size);
  Output output(file);
  const auto printer = make(output);
  for (const admin::Json& row : rows) printer->Row(row);
  printer->Finish({{"n", rows.size()}});
  std::fclose(file);
  std::string printed(text, size);
  std::free(text);
  return printed;
}

}  // namespace

TEST_CASE("json") {
  const auto none = admin::Json::parse(Printed(NewJsonPrinter, {}));
  CHECK(none.at("rows").empty());
  CHECK(none.at("summary").at("n") == 0);
  const auto two = admin::Json::parse(Printed(NewJsonPrinter, {{{"a", "数\n"}}, {{"a", "\xff"}}}));
  CHECK(two.at("rows").size() == 2);
  CHECK(two.at("rows")[0].at("a") == "数\n");
  CHECK(two.at("summary").at("n") == 2);
}

TEST_CASE("ndjson") {
  CHECK(Printed(NewNdjsonPrinter, {}).empty());
  CHECK(Printed(NewNdjsonPrinter, {{{"b", 1}, {"a", "x\ny"}}, {{"c", nullptr}}}) ==
        "{\"b\":1,\"a\":\"x\\ny\"}\n{\"c\":null}\n");
}

TEST_CASE("progress tells rate, share and time left") {
  CHECK(ProgressText({{"file", "a.csv"}, {"bytes_read", 50u}, {"bytes_total", 100u}, {"rows", 3000u}}, 10'000'000,
                     10'000'000) == "a.csv  reading  50 %  3,000 rows  300/s  ETA 0:10");
  // A second file: the time left is that of the file, the rate that of all.
  CHECK(ProgressText({{"file", "b.csv"}, {"bytes_read", 50u}, {"bytes_total", 100u}, {"rows", 3000u}}, 10'000'000,
                     4'000'000) == "b.csv  reading  50 %  3,000 rows  300/s  ETA 0:04");
  CHECK(ProgressText({{"phase", "deciding"}, {"rows", 7u}}, 100, 100) == "deciding  7 rows");
}

}  // namespace datong::cli
