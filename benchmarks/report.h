// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "benchmarks/figure.h"
#include "benchmarks/machine.h"

namespace datong::benchmarks {

struct Report {
  Machine machine;
  std::string directory;
  std::string revision;  // of the source, "+changes" when it was not committed as it stands
  std::string build_type;
  std::vector<std::string> warnings;  // why the figures should not be quoted
  std::string load_at_end;
  std::vector<Figure> figures;
};

// For people: the header, then the figures under the workload they were measured on.
std::string AsTable(const Report& report);
std::string AsJson(const Report& report);

}  // namespace datong::benchmarks
