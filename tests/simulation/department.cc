// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/department.h"

#include <nlohmann/json.hpp>

namespace datong::simulation {
namespace {

constexpr uint64_t kKeys = 30;
constexpr uint64_t kSerials = 6;

bool Chance(base::RandomSource& random, uint64_t percent) { return random.Below(100) < percent; }

// A few long texts that do not compress: a batch with one is too large for a row of the engine and goes to a segment
// file, like most batches of a real exchange.
std::string LongText(base::RandomSource& random) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  base::SeededRandom letters(random.Below(4));
  std::string text;
  for (uint64_t left = 5000 + letters.Below(4000); left > 0; --left) text += kLetters[letters.Below(64)];
  return text;
}

std::string Text(const std::string& item, base::RandomSource& random) {
  std::string text = item + ":" + std::to_string(random.Below(9));
  if (Chance(random, 20)) text += "，城关镇\"甲\"";
  if (Chance(random, 10)) text += "\n第二行, b";
  return text;
}

// A file of JSON lines in which no row names the key has no such column, and is refused as a whole.
void GiveAKeyToSomeRow(std::vector<Row>& rows) {
  Row* readable = nullptr;
  for (Row& row : rows) {
    if (row.values.contains("_broken")) continue;
    if (row.values.contains("code")) return;
    readable = &row;
  }
  if (readable == nullptr) return;
  readable->values["code"] = "code:0";
  readable->defective = false;
}

std::string CsvValue(const std::string& value) {
  if (value.find_first_of(",\"\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    quoted += c;
    if (c == '"') quoted += '"';
  }
  return quoted + "\"";
}

std::string JsonContent(const std::vector<Row>& rows) {
  std::string content;
  for (const Row& row : rows) {
    if (row.values.contains("_broken")) {
      content += "{\"code\": broken}\n";
      continue;
    }
    nlohmann::json line(row.values);
    content += line.dump() + "\n";
  }
  return content;
}

}  // namespace

const Dump* Departments::Find(const std::string& resource, const std::string& name, const std::string& identity) const {
  const auto found = places_.find({resource, name, identity});
  return found == places_.end() ? nullptr : &dumps[found->second];
}

const Dump& Departments::Add(Dump dump) {
  places_.try_emplace({dump.resource, dump.name, dump.identity}, dumps.size());
  places_.try_emplace({dump.resource, dump.name, ""}, dumps.size());
  return dumps.emplace_back(std::move(dump));
}

Row DrawRow(const ResourcePlan& resource, base::RandomSource& random) {
  Row row;
  for (const std::string& item : resource.items) {
    std::string value;
    if (item == "code") {
      value = "code:" + std::to_string(random.Below(kKeys));
    } else if (item == "serial") {
      value = "serial:" + std::to_string(random.Below(kSerials));
    } else if (item == "amount") {
      value = std::to_string(random.Below(5));
    } else if (item == "rev") {
      value = std::to_string(random.Below(12));
    } else if (!Chance(random, 15)) {
      value = Text(item, random);
      if (item == "name" && Chance(random, 4)) value += kNoFormInGbk;
      if (item == "note" && Chance(random, 4)) value += LongText(random);
    }
    if (!value.empty()) row.values[item] = value;
  }
  return row;
}

void Spoil(Row& row, base::RandomSource& random) {
  row.defective = true;
  switch (random.Below(3)) {
    case 0:
      row.values.erase("code");
      break;
    case 1:
      row.values["amount"] = "12x";
      break;
    default:
      row.values["_broken"] = "1";
  }
}

std::vector<Row> DrawRows(const ResourcePlan& resource, bool deletes, size_t rows, base::RandomSource& random) {
  std::vector<Row> drawn;
  drawn.reserve(rows);
  while (drawn.size() < rows) {
    if (!drawn.empty() && Chance(random, 8)) {
      drawn.push_back(drawn[random.Below(drawn.size())]);
      continue;
    }
    Row row = DrawRow(resource, random);
    if (deletes && Chance(random, 25)) {
      row.is_delete = true;
      std::erase_if(row.values, [](const auto& value) { return value.first != "code" && value.first != "rev"; });
    } else if (Chance(random, 4)) {
      Spoil(row, random);
    }
    drawn.push_back(std::move(row));
  }
  GiveAKeyToSomeRow(drawn);
  return drawn;
}

std::string CsvContent(const ResourcePlan& resource, const std::vector<Row>& rows) {
  std::string content;
  for (const std::string& item : resource.items) content += (content.empty() ? "" : ",") + item;
  content += "\n";
  for (const Row& row : rows) {
    std::string line;
    for (const std::string& item : resource.items) {
      if (&item != &resource.items.front()) line += ",";
      if (const auto value = row.values.find(item); value != row.values.end()) line += CsvValue(value->second);
    }
    if (row.values.contains("_broken")) line += ",too,many,values";
    content += line + "\n";
  }
  return content;
}

std::string FileContent(const ResourcePlan& resource, const std::vector<Row>& rows) {
  return resource.json_lines ? JsonContent(rows) : CsvContent(resource, rows);
}

}  // namespace datong::simulation
