// SPDX-License-Identifier: Apache-2.0
#include "cli/file_rows.h"

#include <set>
#include <string>

namespace datong::cli {
namespace {

// Sum of some of a row's verdicts.
RowColumn Verdicts(std::string header, std::set<std::string> names) {
  return {std::move(header), Align::kRight, [names = std::move(names)](const admin::Json& row) {
            uint64_t sum = 0;
            for (const std::string& name : names) sum += NumberAt(row.at("verdicts"), name);
            return Grouped(sum);
          }};
}

// Whatever is none of the verdicts that let a record through or know it already.
std::string HeldBack(const admin::Json& row) {
  static const std::set<std::string> others = {"inserted",  "updated",         "deleted", "duplicate",
                                               "unchanged", "unchanged_newer", "stale",   "staged"};
  uint64_t sum = 0;
  for (const auto& verdict : row.at("verdicts").items()) {
    if (!others.contains(verdict.key())) sum += verdict.value().get<uint64_t>();
  }
  return Grouped(sum);
}

std::string Applied(const admin::Json& row) {
  std::string text;
  for (const admin::Json& one : row.at("subscribers")) {
    text += (text.empty() ? "" : ", ") + TextAt(one, "subscription") + " " + GroupedAt(one, "applied") + "/" +
            GroupedAt(one, "delivered");
  }
  return text;
}

std::string State(const admin::Json& row) {
  std::string state = TextAt(row, "state");
  const uint64_t rows = NumberAt(row, "rows"), decided = NumberAt(row, "decided");
  if (const uint64_t staged = NumberAt(row.at("verdicts"), "staged"); staged != 0) {
    state += " (" + Grouped(staged) + " staged)";
  }
  if (decided < rows) state += " (" + Grouped(rows - decided) + " undecided)";
  return state;
}

}  // namespace

std::vector<RowColumn> FileColumns() {
  return {NumberColumn("RUN", "run"),
          TextColumn("RESOURCE", "resource"),
          TextColumn("FILE", "file"),
          {"STATE", Align::kLeft, State},
          NumberColumn("ROWS", "rows"),
          Verdicts("INSERTED", {"inserted"}),
          Verdicts("UPDATED", {"updated"}),
          {"DELETED", Align::kRight,
           [](const admin::Json& row) {
             return Grouped(NumberAt(row.at("verdicts"), "deleted") + NumberAt(row, "generated_deletes"));
           }},
          Verdicts("UNCHANGED", {"unchanged", "unchanged_newer"}),
          Verdicts("DUPLICATE", {"duplicate"}),
          Verdicts("STALE", {"stale"}),
          {"HELD BACK", Align::kRight, HeldBack},
          {"APPLIED/DELIVERED", Align::kLeft, Applied}};
}

}  // namespace datong::cli
