// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/terminal.h"
#include "exchange_core/admin/request.h"
#include "exchange_core/base/clock.h"

namespace datong::cli {

// "companies.csv  37 %  1,234,567 rows  310,000/s  ETA 0:42", for one moment of an import: so long after its begin, and
// so long after that of its present file.
std::string ProgressText(const admin::Json& progress, base::TimeUs elapsed, base::TimeUs elapsed_of_file);

// One line at the bottom of a terminal, rewritten as work goes on; nothing at all where standard error is no terminal.
class ProgressLine {
 public:
  ProgressLine(const Terminal& terminal, base::Clock& clock);
  ~ProgressLine() { Clear(); }
  void Show(const admin::Json& progress);
  void Clear();  // before anything else is printed

 private:
  const Terminal& terminal_;
  base::Clock& clock_;
  base::TimeUs begun_;
  std::string file_;  // at hand
  base::TimeUs file_begun_;
  base::TimeUs shown_ = 0;
  bool visible_ = false;
};

}  // namespace datong::cli
