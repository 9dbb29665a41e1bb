// SPDX-License-Identifier: Apache-2.0
// A table's columns stand under each other on a terminal, whatever script its cells are in, and nothing is cut without
// saying so.
#include <catch2/catch.hpp>

#include "cli/display_width.h"
#include "cli/text_table.h"

namespace datong::cli {

TEST_CASE("width counts what a terminal shows") {
  CHECK(DisplayWidth("") == 0);
  CHECK(DisplayWidth("abc") == 3);
  CHECK(DisplayWidth("数据通") == 6);
  CHECK(DisplayWidth("税务局A") == 7);
  CHECK(DisplayWidth("ＡＢ") == 4);     // full-width letters
  CHECK(DisplayWidth("ｱ") == 1);        // half-width katakana
  CHECK(DisplayWidth("e\u0301") == 1);  // combining accent
  CHECK(DisplayWidth("\u200b") == 0);   // zero-width space
  CHECK(DisplayWidth("한글") == 4);
  CHECK(DisplayWidth("é…—") == 3);         // ambiguous ones count one
  CHECK(DisplayWidth("\U00020000") == 2);  // an ideograph beyond the basic plane
  CHECK(DisplayWidth("\xff\xc3") == 2);    // no UTF-8: a column per byte
}

TEST_CASE("cutting keeps whole characters and says that something is missing") {
  CHECK(CutToWidth("数据通", 6) == "数据通");
  CHECK(CutToWidth("数据通", 5) == "数据…");
  CHECK(CutToWidth("数据通", 4) == "数…");
  CHECK(CutToWidth("数据通", 1) == "…");
  CHECK(CutToWidth("数据通", 0) == "");
  CHECK(CutToWidth("abcdef", 4) == "abc…");
}

TEST_CASE("control characters cannot steer a terminal") {
  CHECK(OneLine("a\nb\r\t\x1b[31mc\x7f") == "a\\nb\\r\\t\\x1b[31mc\\x7f");
}

TEST_CASE("numbers are grouped") {
  CHECK(Grouped(0) == "0");
  CHECK(Grouped(999) == "999");
  CHECK(Grouped(1000) == "1,000");
  CHECK(Grouped(12345678) == "12,345,678");
  CHECK(Grouped(UINT64_MAX) == "18,446,744,073,709,551,615");
}

TEST_CASE("columns line up") {
  TextTable table({{"DEPARTMENT"}, {"ROWS", Align::kRight}, {"STATE"}});
  table.Add({"税务局", "1,234", "complete"});
  table.Add({"tax", "5", "x\ny"});
  CHECK(table.Render(0) ==
        "DEPARTMENT   ROWS  STATE\n"
        "税务局      1,234  complete\n"
        "tax             5  x\\ny\n");
  CHECK(table.Render(14) ==
        "DEPARTMENT   …\n"
        "税务局      1…\n"
        "tax          …\n");
}

}  // namespace datong::cli
