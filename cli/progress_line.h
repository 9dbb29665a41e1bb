// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/terminal.h"
#include "exchange_core/admin/request.h"
#include "exchange_core/base/clock.h"

namespace datong::cli {

// "companies.csv  37 %  1,234,567 rows  310,000/s  ETA 0:42", for one moment of an import.
std::string ProgressText(const admin::Json& progress, base::TimeUs elapsed);

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
  base::TimeUs shown_ = 0;
  bool visible_ = false;
};

}  // namespace datong::cli
