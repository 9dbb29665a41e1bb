// SPDX-License-Identifier: Apache-2.0
#include "connectors/generator/expected_facts.h"

#include <nlohmann/json.hpp>

namespace datong::generator {
namespace {

using Json = nlohmann::ordered_json;

Json FileAsJson(const FileFacts& file) {
  return Json{{"path", file.path}, {"rows", file.rows},         {"bytes", file.bytes},
              {"keys", file.keys}, {"verdicts", file.verdicts}, {"defects", file.defects}};
}

Json RegisterAsJson(const RegisterFacts& facts) {
  uint64_t rows = 0;
  std::map<std::string, uint64_t> verdicts;
  Json files = Json::array();
  for (const FileFacts& file : facts.files) {
    rows += file.rows;
    for (const auto& [name, count] : file.verdicts) verdicts[name] += count;
    files.push_back(FileAsJson(file));
  }
  return Json{{"name", facts.name},
              {"rows", rows},
              {"keys", facts.files.empty() ? 0 : facts.files.back().keys},
              {"verdicts", verdicts},
              {"files", std::move(files)}};
}

}  // namespace

std::string FactsAsJson(const ExpectedFacts& facts) {
  Json json{{"seed", facts.seed}, {"registers", Json::array()}};
  for (const RegisterFacts& one : facts.registers) json["registers"].push_back(RegisterAsJson(one));
  return json.dump(2) + "\n";
}

}  // namespace datong::generator
