// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/report.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <nlohmann/json.hpp>

namespace datong::benchmarks {
namespace {

std::string WithThousands(double value) {
  std::string digits = absl::StrFormat("%.0f", value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), 1, ',');
  return digits;
}

std::string AsText(double value) {
  if (value >= 1000) return WithThousands(value);
  return value >= 10 ? absl::StrFormat("%.1f", value) : absl::StrFormat("%.3f", value);
}

std::string Spread(const Figure& figure) {
  if (figure.repetitions == 1) return "once";
  return absl::StrCat(AsText(figure.min), " .. ", AsText(figure.max));
}

std::string Expected(const Figure& figure) {
  return figure.expected == 0 ? "" : absl::StrCat("expected ", AsText(figure.expected));
}

}  // namespace

std::string AsTable(const Report& report) {
  const Machine& machine = report.machine;
  std::string text =
      absl::StrCat("datong-bench\n", "  machine    ", machine.cpu, ", ", machine.cores, " cores, ",
                   machine.memory_bytes >> 20, " MiB, ", machine.kernel, "\n  disk       ", machine.disk, " at ",
                   report.directory, "\n  source     ", report.revision, "\n  build      ", report.build_type,
                   "\n  load       ", machine.load, " at the start, ", report.load_at_end, " at the end\n");
  for (const std::string& warning : report.warnings) absl::StrAppend(&text, "  WARNING    ", warning, "\n");
  std::string workload;
  for (const Figure& figure : report.figures) {
    if (figure.workload != workload) absl::StrAppend(&text, "\n", figure.workload, "\n");
    workload = figure.workload;
    absl::StrAppendFormat(&text, "  %-42s %13s %-14s %27s  %s\n", figure.name, AsText(figure.median), figure.unit,
                          Spread(figure), Expected(figure));
  }
  absl::StrAppend(&text, "\nA figure is the median of its repetitions; behind it the smallest and the largest.\n");
  return text;
}

std::string AsJson(const Report& report) {
  nlohmann::json figures = nlohmann::json::array();
  for (const Figure& figure : report.figures) {
    nlohmann::json one = {{"name", figure.name},        {"unit", figure.unit}, {"median", figure.median},
                          {"min", figure.min},          {"max", figure.max},   {"repetitions", figure.repetitions},
                          {"workload", figure.workload}};
    if (figure.expected != 0) one["expected"] = figure.expected;
    figures.push_back(std::move(one));
  }
  const nlohmann::json all = {{"machine",
                               {{"cpu", report.machine.cpu},
                                {"cores", report.machine.cores},
                                {"memory_bytes", report.machine.memory_bytes},
                                {"kernel", report.machine.kernel},
                                {"disk", report.machine.disk},
                                {"load_at_start", report.machine.load},
                                {"load_at_end", report.load_at_end}}},
                              {"directory", report.directory},
                              {"revision", report.revision},
                              {"build_type", report.build_type},
                              {"warnings", report.warnings},
                              {"figures", figures}};
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace datong::benchmarks
