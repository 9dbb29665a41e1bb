// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "exchange_core/base/random.h"
#include "exchange_core/catalog/catalog_frontend.h"

namespace datong::catalog {

inline constexpr base::TimeUs kTestNow = 1'700'000'000'000'000;

// A small catalog of one provider and one subscriber; each part can be replaced.
struct CatalogMaker {
  std::string departments =
      "departments:\n"
      "  - {name: 市场监管局, social_credit_code: 91350100M000100Y43}\n"
      "  - {name: tax, title: Tax bureau}\n";
  std::string key_domains = "key_domains:\n  - {name: company}\n";
  std::string resource_head =
      "resources:\n"
      "  - name: companies\n"
      "    provider: 市场监管局\n"
      "    key_domain: company\n"
      "    kind: entity\n"
      "    partitions: 4\n";
  std::string items =
      "    items:\n"
      "      - code\n"
      "      - 名称\n"
      "      - {name: capital, type: decimal}\n"
      "      - {name: revision, type: int64, compared: false}\n";
  std::string resource_tail = "    key: [code]\n    version: revision\n";
  std::string rest;

  std::string Text() const { return departments + key_domains + resource_head + items + resource_tail + rest; }
};

inline PlannedChange Plan(const std::string& yaml, const CatalogTable& table) {
  base::SeededRandom random(7);
  return PlanChange(yaml, table, kTestNow, "test", random);
}

inline std::string Told(const std::vector<Finding>& findings) {
  std::ostringstream text;
  for (const Finding& f : findings) {
    text << f.line << ":" << f.column << "+" << f.length << " " << f.code << ": " << f.message << " | " << f.next
         << "\n";
  }
  return text.str();
}

// Plans and applies; the text must be right.
inline PlannedChange MustApply(const std::string& yaml, CatalogTable& table) {
  PlannedChange planned = Plan(yaml, table);
  INFO(Told(planned.findings));
  REQUIRE(planned.findings.empty());
  if (!planned.framed_change.empty()) REQUIRE(ApplyFramed(planned.framed_change, table).ok());
  return planned;
}

// The findings of `yaml` against the table of a plain CatalogMaker plus `rest`.
inline std::vector<Finding> FindingsAfter(const std::string& first, const std::string& second) {
  CatalogTable table;
  MustApply(first, table);
  PlannedChange planned = Plan(second, table);
  if (!planned.findings.empty()) {
    CHECK(planned.framed_change.empty());
    CHECK(planned.summary.empty());
  }
  for (const Finding& finding : planned.findings) {
    CHECK(finding.line >= 1);
    CHECK(finding.column >= 1);
    CHECK(finding.length >= 1);
  }
  return planned.findings;
}

// What the finding's caret underlines.
inline std::string Underlined(const std::string& yaml, const Finding& finding) {
  std::istringstream lines(yaml);
  std::string line;
  for (int i = 0; i < finding.line; ++i) std::getline(lines, line);
  std::vector<std::string> characters;
  for (const char c : line) {
    if ((c & 0xc0) != 0x80) characters.emplace_back();
    characters.back() += c;
  }
  std::string text;
  for (size_t i = 0; i < static_cast<size_t>(finding.length); ++i) {
    const size_t at = static_cast<size_t>(finding.column) - 1 + i;
    if (at < characters.size()) text += characters[at];
  }
  return text;
}

// Requires exactly one finding, of this code, underlining `underlined`; gives it back.
inline Finding OnlyFinding(const std::string& first, const std::string& second, const std::string& code,
                           const std::string& underlined) {
  const std::vector<Finding> findings =
      first.empty() ? Plan(second, CatalogTable()).findings : FindingsAfter(first, second);
  INFO(Told(findings));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == code);
  CHECK(Underlined(second, findings[0]) == underlined);
  return findings[0];
}

inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// Everything a table says, as text, to compare tables by.
inline std::string Dump(const CatalogTable& table) {
  std::ostringstream out;
  out << "version " << table.version() << "\n";
  for (const auto& [id, d] : table.departments())
    out << "d " << id << d.name << "|" << d.title << "|" << d.social_credit_code << "\n";
  for (const auto& [id, k] : table.key_domains()) {
    out << "k " << id << k.name << k.key.id;
    for (const uint8_t byte : k.key.secret) out << "," << int{byte};
    out << "\n";
  }
  for (const auto& [id, r] : table.resources()) {
    out << "r " << id << r.name << "|" << r.title << r.provider_id << "," << r.key_domain_id << "," << r.partitions
        << "," << r.window_us << " " << r.snapshots.vanish_permille_max << "," << r.snapshots.vanish_records_max << ","
        << r.snapshots.added_columns_pass << static_cast<int>(r.snapshots.same_key) << r.snapshots.early_flow << ","
        << r.snapshots.one_item_permille_max;
    for (const uint64_t count : r.snapshots.suspicious_counts) out << "," << count;
    for (const auto& schema : r.versions) {
      out << " v" << schema->version;
      for (const auto& item : schema->items) {
        out << "(" << item.name << item.field_number << static_cast<int>(item.type) << item.compared
            << item.empty_is_value << item.required << item.ignore_case << item.ignore_spaces << item.ignore_width
            << ")";
      }
      for (const uint32_t key : schema->key_items) out << " key" << key;
      for (const uint32_t item : schema->id_items) out << " id" << item;
      out << schema->version_item << schema->event_time_item;
    }
    out << (r.schema == r.versions.back()) << "\n";
  }
  for (const auto& [id, g] : table.grants()) {
    out << "g " << id << g.name << g.resource_id << "," << g.department_id << g.purpose << g.valid_until << g.revoked;
    for (const uint32_t field : g.item_fields) out << "," << field;
    out << "\n";
  }
  for (const auto& [id, v] : table.views()) {
    out << "v " << id << "," << v.resource_id;
    for (const uint32_t field : v.item_fields) out << "," << field;
    out << v.projection->passes_everything() << "\n";
  }
  for (const auto& [id, s] : table.subscriptions()) {
    out << "s " << id << s.name << s.grant_id << "," << s.view_id << "," << static_cast<int>(s.start) << s.since_version
        << s.suspended << s.retired << s.active << "\n";
  }
  for (const auto& [id, c] : table.connectors()) {
    out << "c " << id << c.name << c.kind << c.resource << c.subscription << c.sink;
    for (const auto& [key, value] : c.options) out << "[" << key << "=" << value << "]";
    out << "\n";
  }
  for (size_t kind = 0; kind < kObjectKinds; ++kind) out << table.NextNumber(static_cast<ObjectKind>(kind)) << " ";
  return out.str();
}

}  // namespace datong::catalog
