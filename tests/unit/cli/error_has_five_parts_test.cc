// SPDX-License-Identifier: Apache-2.0
// An error is shown with code, what, where (with the line and a caret), why and next step, and gives its documented
// exit code.
#include <catch2/catch.hpp>

#include "cli/problem_text.h"

namespace datong::cli {

using admin::Code;
using admin::Problem;

TEST_CASE("all five parts, with line and caret under Chinese text") {
  const Problem problem{.code = Code::kCatalogFinding,
                        .what = "unknown key '条目x'",
                        .where = "catalog.yaml:12:3",
                        .why = "strict",
                        .next = "did you mean '条目'?",
                        .detail = "unknown_key",
                        .line = "部门条目x: 1",
                        .column = 3,
                        .length = 3};
  CHECK(ProblemText(problem, false) ==
        "error[DT-2101 unknown_key]: unknown key '条目x'\n"
        "  --> catalog.yaml:12:3\n"
        "  12 | 部门条目x: 1\n"
        "     |     ^^^^^\n"
        "  why : strict\n"
        "  next: did you mean '条目'?\n");
}

TEST_CASE("parts that are not known are left out") {
  CHECK(ProblemText({.code = Code::kHeldBySilentProcess, .what = "held"}, false) == "error[DT-4001]: held\n");
  CHECK(ProblemText({.code = Code::kHeldBySilentProcess, .what = "held"}, true) ==
        "\x1b[31merror[DT-4001]\x1b[0m: held\n");
}

TEST_CASE("a caret beyond the line does no harm") {
  const Problem problem{
      .code = Code::kCatalogFinding, .what = "w", .where = "f:1:99", .line = "ab", .column = 99, .length = 5};
  CHECK(ProblemText(problem, false).find("^") != std::string::npos);
}

TEST_CASE("exit codes") {
  CHECK(ExitCodeOf({.code = Code::kFailed}) == 1);
  CHECK(ExitCodeOf({.code = Code::kUnknownCommand}) == 2);
  CHECK(ExitCodeOf({.code = Code::kCatalogFinding}) == 3);
  CHECK(ExitCodeOf({.code = Code::kNoExchangeHere}) == 4);
  CHECK(ExitCodeOf({.code = Code::kHeldBySilentProcess}) == 4);
  CHECK(ExitCodeOf({.code = Code::kDenied}) == 5);
  CHECK(ExitCodeOf({.code = Code::kRowsQuarantined}) == 6);
}

}  // namespace datong::cli
