// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace datong::benchmarks {

// One number of the report, with what it was measured on. Of several repetitions: the median, and between which it lay.
struct Figure {
  std::string name;      // stable: "index.entity.fresh"
  std::string workload;  // what was done, in words and numbers
  std::string unit;
  double median = 0, min = 0, max = 0;
  int repetitions = 1;
  double expected = 0;  // what the project expects on two cores; 0 = nothing stated
};

// `values` is not empty.
inline Figure FigureOf(std::string name, std::string unit, std::vector<double> values, std::string workload,
                       double expected = 0) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {std::move(name),
          std::move(workload),
          std::move(unit),
          median,
          values.front(),
          values.back(),
          static_cast<int>(values.size()),
          expected};
}

}  // namespace datong::benchmarks
