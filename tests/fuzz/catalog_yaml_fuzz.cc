// SPDX-License-Identifier: Apache-2.0
// Any text either has findings, each at a place inside the text, or plans a change that the catalog takes; planned
// again it is nothing new.
//
// Input: whether the catalog is empty, then the text.
#include <algorithm>
#include <string>
#include <vector>

#include "exchange_core/base/check.h"
#include "exchange_core/base/random.h"
#include "exchange_core/catalog/catalog_frontend.h"
#include "tests/fuzz/fuzz_targets.h"
#include "tests/fuzz/input_reader.h"

namespace datong::fuzz {
namespace {

constexpr base::TimeUs kNow = 1'700'000'000'000'000;

constexpr char kCatalog[] =
    "departments: [{name: tax}, {name: police, social_credit_code: 91350100M000100Y43}]\n"
    "key_domains: [{name: company}]\n"
    "resources:\n"
    "  - {name: companies, provider: tax, key_domain: company, kind: entity, partitions: 2, key: [code],\n"
    "     items: [code, {name: capital, type: decimal}, {name: 更新时间, type: timestamp}], version: 更新时间}\n"
    "grants: [{name: g, resource: companies, department: police, items: [code], purpose: checks}]\n"
    "subscriptions: [{name: s, grant: g, start: beginning}]\n";

const catalog::CatalogTable& Established() {
  static const auto& table = *[] {
    auto* made = new catalog::CatalogTable;
    base::SeededRandom random(7);
    const catalog::PlannedChange planned = catalog::PlanChange(kCatalog, *made, kNow, "fuzz", random);
    DATONG_CHECK(planned.findings.empty() && catalog::ApplyFramed(planned.framed_change, *made).ok());
    return made;
  }();
  return table;
}

// Characters per line, byte order mark and line breaks not counted. Of text that is not UTF-8, bytes that begin a
// character.
std::vector<int> LineLengths(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  std::vector<int> lengths(1);
  for (const char c : text) {
    if (c == '\n') {
      lengths.push_back(0);
    } else if ((c & 0xc0) != 0x80) {
      ++lengths.back();
    }
  }
  return lengths;
}

// A caret may stand behind the last character: where something is missing.
void CheckPlaces(const std::vector<catalog::Finding>& findings, std::string_view text) {
  const std::vector<int> lengths = LineLengths(text);
  for (const catalog::Finding& finding : findings) {
    DATONG_CHECK(finding.line >= 1 && static_cast<size_t>(finding.line) <= lengths.size());
    const int length = lengths[static_cast<size_t>(finding.line) - 1];
    DATONG_CHECK(finding.column >= 1 && finding.column <= length + 1);
    DATONG_CHECK(finding.length >= 1 && finding.column + finding.length <= length + 2);
    DATONG_CHECK(!finding.code.empty() && !finding.message.empty());
  }
  DATONG_CHECK(std::is_sorted(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  }));
}

}  // namespace

void FuzzCatalogYaml(std::string_view input) {
  InputReader reader(input);
  catalog::CatalogTable table;
  if ((reader.Byte() & 1) != 0) table = Established();
  const std::string_view text = reader.rest();

  base::SeededRandom random(7);
  const catalog::PlannedChange planned = catalog::PlanChange(text, table, kNow, "fuzz", random);
  CheckPlaces(planned.findings, text);
  DATONG_CHECK(planned.findings.empty() || planned.framed_change.empty());
  if (planned.framed_change.empty()) return;

  DATONG_CHECK(catalog::ApplyFramed(planned.framed_change, table).ok());
  const catalog::PlannedChange again = catalog::PlanChange(text, table, kNow, "fuzz", random);
  DATONG_CHECK(again.findings.empty() && again.framed_change.empty());
}

}  // namespace datong::fuzz
