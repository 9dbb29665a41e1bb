// SPDX-License-Identifier: Apache-2.0
#include "cli/problem_text.h"

#include <algorithm>

#include "cli/display_width.h"

namespace datong::cli {
namespace {

// The part of the line before a column that counts characters, and the rest.
size_t ByteOfCharacter(const std::string& line, int column) {
  size_t at = 0;
  for (int i = 1; i < column && at < line.size(); ++i) {
    ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80) ++at;
  }
  return at;
}

// The line number stands last but one in file:line:column.
std::string LineNumber(const std::string& where) {
  const size_t last = where.rfind(':');
  const size_t before = last == std::string::npos || last == 0 ? std::string::npos : where.rfind(':', last - 1);
  return before == std::string::npos ? std::string() : where.substr(before + 1, last - before - 1);
}

std::string Excerpt(const admin::Problem& problem) {
  std::string line = problem.line;
  std::replace(line.begin(), line.end(), '\t', ' ');
  const std::string number = LineNumber(problem.where);
  const size_t begin = ByteOfCharacter(line, problem.column);
  const size_t end = ByteOfCharacter(line, problem.column + std::max(problem.length, 1));
  const size_t indent = DisplayWidth(std::string_view(line).substr(0, begin));
  const size_t carets = std::max<size_t>(DisplayWidth(std::string_view(line).substr(begin, end - begin)), 1);
  const std::string margin(std::max<size_t>(number.size(), 4), ' ');
  return margin.substr(number.size()) + number + " | " + line + "\n" + margin + " | " + std::string(indent, ' ') +
         std::string(carets, '^') + "\n";
}

}  // namespace

std::string ProblemText(const admin::Problem& problem, bool colour) {
  const std::string red = colour ? "\x1b[31m" : "";
  const std::string plain = colour ? "\x1b[0m" : "";
  const std::string detail = problem.detail.empty() ? "" : " " + problem.detail;
  std::string text =
      red + "error[" + admin::CodeText(problem) + detail + "]" + plain + ": " + OneLine(problem.what) + "\n";
  if (!problem.where.empty()) text += "  --> " + OneLine(problem.where) + "\n";
  if (!problem.line.empty()) text += Excerpt(problem);
  if (!problem.why.empty()) text += "  why : " + OneLine(problem.why) + "\n";
  if (!problem.next.empty()) text += "  next: " + OneLine(problem.next) + "\n";
  return text;
}

int ExitCodeOf(const admin::Problem& problem) { return static_cast<int>(admin::ClassOf(problem.code)); }

}  // namespace datong::cli
