// SPDX-License-Identifier: Apache-2.0
#include "cli/finding_problem.h"

#include <algorithm>

namespace datong::cli {

std::string LineOf(const std::string& text, int number) {
  size_t begin = 0;
  for (int line = 1; line < number && begin < text.size(); ++line)
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  std::string line = text.substr(std::min(begin, text.size()), text.find('\n', begin) - begin);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

admin::Problem ProblemOf(const catalog::Finding& finding, const std::string& path, const std::string& text) {
  admin::Problem problem{.code = admin::Code::kCatalogFinding,
                         .what = finding.message,
                         .where = path,
                         .why = finding.why,
                         .next = finding.next,
                         .detail = finding.code};
  if (finding.line <= 0) return problem;
  problem.column = finding.column;
  problem.length = finding.length;
  problem.where = path + ":" + std::to_string(finding.line) + ":" + std::to_string(finding.column);
  problem.line = LineOf(text, finding.line);
  return problem;
}

}  // namespace datong::cli
