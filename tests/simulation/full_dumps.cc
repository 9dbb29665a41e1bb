// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/full_dumps.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/naive_rules.h"

namespace datong::simulation {
namespace {

constexpr uint64_t kRowsAtFirst = 25;

bool Chance(base::RandomSource& random, uint64_t percent) { return random.Below(100) < percent; }

void Say(Row row, std::vector<Row>& rows) {
  const auto same = std::find_if(rows.begin(), rows.end(),
                                 [&](const Row& other) { return ValueOf(other, "code") == ValueOf(row, "code"); });
  same == rows.end() ? rows.push_back(std::move(row)) : std::swap(*same, row);
}

// A few rows come, go and change.
void Change(const ResourcePlan& resource, std::vector<Row>& rows, base::RandomSource& random) {
  for (uint64_t left = random.Below(4); left > 0; --left) Say(DrawRow(resource, random), rows);
  for (uint64_t left = random.Below(3); left > 0 && !rows.empty(); --left) {
    rows.erase(rows.begin() + static_cast<ptrdiff_t>(random.Below(rows.size())));
  }
  if (rows.size() > 1 && Chance(random, 30)) std::swap(rows.front(), rows[random.Below(rows.size())]);
}

// Another row of a key that is there already: the same once more, or one that says something else.
void Repeat(const ResourcePlan& resource, std::vector<Row>& rows, base::RandomSource& random) {
  Row row = rows[random.Below(rows.size())];
  if (Chance(random, 70)) {
    const std::string code = ValueOf(row, "code");
    row = DrawRow(resource, random);
    row.values["code"] = code;
  }
  rows.insert(rows.begin() + static_cast<ptrdiff_t>(random.Below(rows.size() + 1)), std::move(row));
}

}  // namespace

std::string FullDumpContent(const ResourcePlan& resource, const Dump& dump) {
  std::string content = CsvContent(resource, dump.rows);
  if (dump.cut_off) content += "code:0,\"and here the transfer broke";
  return content;
}

FullDump DrawFullDump(const ResourcePlan& resource, std::vector<Row>& known, base::RandomSource& random) {
  FullDump drawn;
  std::vector<Row>& rows = drawn.dump.rows;
  drawn.dump.resource = resource.name;
  drawn.dump.source = resource.name + "-full";
  drawn.dump.full = true;
  if (known.empty()) {
    for (uint64_t left = random.Below(kRowsAtFirst); left > 0; --left) Say(DrawRow(resource, random), known);
  }
  if (!Chance(random, 12)) Change(resource, known, random);
  rows = known;
  if (Chance(random, 30)) {
    drawn.what = ", a part missing";
    rows.resize(random.Below(rows.size() + 1));
  } else if (Chance(random, 4)) {
    drawn.what = ", empty";
    rows.clear();
  }
  if (!rows.empty() && Chance(random, 20)) {
    drawn.what += ", keys twice";
    for (uint64_t left = 1 + random.Below(3); left > 0; --left) Repeat(resource, rows, random);
  }
  if (!rows.empty() && Chance(random, 15)) {
    drawn.what += ", defects";
    // A row that nobody can read holds the whole dump when anything is to be deleted: mostly the key can be read.
    for (uint64_t left = 1 + random.Below(2); left > 0; --left) {
      Row& row = rows[random.Below(rows.size())];
      if (Chance(random, 25)) {
        Spoil(row, random);
      } else {
        row.defective = true;
        row.values["amount"] = "12x";
      }
    }
  }
  if (Chance(random, 12)) {
    drawn.what += ", cut off";
    drawn.dump.cut_off = true;
    rows.resize(random.Below(rows.size() + 1));
  }
  drawn.content = FullDumpContent(resource, drawn.dump);
  return drawn;
}

}  // namespace datong::simulation
