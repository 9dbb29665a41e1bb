// SPDX-License-Identifier: Apache-2.0
// Proves that the catalog file is read strictly: nothing unknown, doubled or of another type passes, nothing is
// guessed, and every finding stands where the mistake is, counted in characters.
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

namespace {
Finding Only(const std::string& yaml, const std::string& code, const std::string& underlined) {
  return OnlyFinding("", yaml, code, underlined);
}
}  // namespace

TEST_CASE("An unknown key is named with the key that was meant") {
  const Finding f = Only("departments:\n  - {name: 税务局, titel: x}\n", "unknown_key", "titel");
  CHECK(f.line == 2);
  CHECK(f.column == 17);  // 税务局 counts three
  CHECK(f.next == "did you mean 'title'?");
  CHECK(Only("departmens: []\n", "unknown_key", "departmens").next == "did you mean 'departments'?");
}

TEST_CASE("A duplicate key is refused") {
  const Finding f = Only("departments:\n  - name: a\n    name: b\n", "duplicate_key", "name");
  CHECK(f.line == 3);
  CHECK(f.column == 5);
  Only("departments: []\nkey_domains: []\ndepartments: []\n", "duplicate_key", "departments");
}

TEST_CASE("A value of another type is refused") {
  CHECK(Only("departments: tax\n", "wrong_type", "tax").column == 14);
  Only("departments:\n  - tax\n", "wrong_type", "tax");
  Only("departments:\n  - {name: [a]}\n", "wrong_type", "[");
  Only("departments:\n  - name:\n", "wrong_type", "name");
  Only("departments:\n  - name: ~\n", "wrong_type", "name");
  Only("- a\n", "wrong_type", "-");
}

TEST_CASE("Only true and false are booleans") {
  for (const std::string word : {"yes", "True", "1", "on", "\"true\"", "TRUE"}) {
    Only("key_domains:\n  - {name: a, retired: " + word + "}\n", "wrong_type", word);
  }
  CHECK(Plan("key_domains:\n  - {name: a, retired: false}\n", CatalogTable()).findings.empty());
}

TEST_CASE("Numbers are plain decimals and text stays text") {
  for (const std::string word : {"010", "0x4", "4.0", "+4", "1_0", "-1", "\"4\"", "1e2", "99999999999"}) {
    CatalogMaker maker;
    maker.resource_head = Replaced(maker.resource_head, "partitions: 4", "partitions: " + word);
    Only(maker.Text(), "wrong_type", word);
  }
  CatalogTable table;
  MustApply("departments:\n  - {name: 0123, title: yes}\n  - {name: 1e3, title: null-ish}\n", table);
  REQUIRE(table.FindDepartment("0123") != nullptr);
  CHECK(table.FindDepartment("0123")->title == "yes");
  CHECK(table.FindDepartment("1e3") != nullptr);
}

TEST_CASE("A missing key is named") {
  CHECK(Only("departments:\n  - {title: x}\n", "missing_key", "{").message.find("'name'") != std::string::npos);
}

TEST_CASE("A tab in the indentation has its place") {
  const Finding f = Only("departments:\n\t- {name: a}\n", "tab_indentation", "\t");
  CHECK(f.line == 2);
  CHECK(f.column == 1);
}

TEST_CASE("Byte order mark and CRLF are fine and move no place") {
  CatalogTable table;
  MustApply(
      "\xef\xbb\xbf"
      "departments:\r\n  - name: a\r\n    title: b\r\n",
      table);
  CHECK(table.FindDepartment("a")->title == "b");
  const auto findings = Plan(
                            "\xef\xbb\xbf"
                            "departmens: []\r\nkey_domains:\r\n  - {name: 主体, x: 1}\r\n",
                            CatalogTable())
                            .findings;
  REQUIRE(findings.size() == 2);
  CHECK((findings[0].line == 1 && findings[0].column == 1));
  CHECK((findings[1].line == 3 && findings[1].column == 16));
}

TEST_CASE("What a catalog does not need of YAML is refused") {
  Only("departments:\n  - &a {name: x}\n", "unsupported_yaml", "&");
  Only("departments:\n  - {name: !!str x}\n", "unsupported_yaml", "!");
  Only("departments: []\n---\ndepartments: []\n", "unsupported_yaml", "d");
  const auto alias = Plan("departments:\n  - {name: &n x, title: *n}\n", CatalogTable()).findings;
  INFO(Told(alias));
  REQUIRE(alias.size() >= 2);
  CHECK(alias[0].code == "unsupported_yaml");
  CHECK(alias[1].code == "unsupported_yaml");
}

TEST_CASE("Text that is no YAML, no UTF-8 or nothing at all") {
  const Finding f = Only("departments:\n  - {name: a\n", "yaml_syntax", "");
  CHECK(f.line >= 2);
  CHECK(Only("departments:\n  - name：税务局\n    title: x\n", "yaml_syntax", ":").line == 3);
  const Finding gbk = Plan("departments:\n  - name: \xcb\xb0\xce\xf1\n", CatalogTable()).findings.at(0);
  CHECK(gbk.code == "not_utf8");
  CHECK(gbk.line == 2);
  CHECK(gbk.column == 12);  // the first two bytes happen to be a character of UTF-8
  Only("", "empty_document", "");
  Only("# nothing\n", "empty_document", "#");
  Only(std::string("departments: \x04 []\n"), "control_character", "\x04");
  Only("departments:\n  - {name: \"a\\nb\"}\n", "bad_value", "\"a\\nb\"");
  CHECK(Plan(std::string(100'000, '['), CatalogTable()).findings.at(0).code == "yaml_syntax");
}

TEST_CASE("A full-width colon is explained") {
  CHECK(Only("departments:\n  - name：税务局\n", "wrong_type", "name：税务局").next.find("half-width") !=
        std::string::npos);
}

TEST_CASE("All findings are told at once, in the order of the text") {
  const std::string yaml =
      "departments:\n"
      "  - {name: a, social_credit_code: 91350100M000100Y4Z}\n"
      "  - {name: a}\n"
      "resources:\n"
      "  - {name: 企业, provider: b, key_domain: c, kind: thing, items: []}\n";
  const auto findings = Plan(yaml, CatalogTable()).findings;
  INFO(Told(findings));
  REQUIRE(findings.size() == 4);
  CHECK(findings[0].code == "bad_social_credit_code");
  CHECK(Underlined(yaml, findings[0]) == "91350100M000100Y4Z");
  CHECK(findings[1].code == "duplicate_name");
  CHECK(findings[1].line == 3);
  CHECK(Underlined(yaml, findings[2]) == "thing");
  CHECK(Underlined(yaml, findings[3]) == "[");
}

TEST_CASE("Damaged files never stop the process") {
  const char* seed_text = std::getenv("DATONG_SEED");
  const uint64_t seed = seed_text != nullptr ? std::strtoull(seed_text, nullptr, 10) : 20261123;
  std::cout << "seed " << seed << "\n";
  datong::base::SeededRandom random(seed);
  const std::string good =
      CatalogMaker().Text() + "grants:\n  - {name: g, resource: companies, department: tax, items: all, purpose: p}\n";
  const std::string alphabet = " \n\t:-[]{},#&*!|>'\"%@`~0x\\\xe4\xb8\x80";
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (uint64_t edits = 1 + random.Below(4); edits > 0; --edits) {
      const size_t at = random.Below(text.size());
      switch (random.Below(3)) {
        case 0:
          text[at] = alphabet[random.Below(alphabet.size())];
          break;
        case 1:
          text.erase(at, 1 + random.Below(8));
          break;
        default:
          text.insert(at, 1, alphabet[random.Below(alphabet.size())]);
          break;
      }
    }
    const PlannedChange planned = Plan(text, CatalogTable());
    for (const Finding& finding : planned.findings) {
      if (finding.line >= 1 && finding.column >= 1 && !finding.code.empty() && !finding.message.empty()) continue;
      FAIL("a finding without a place or words: " << finding.message << " in\n" << text);
    }
  }
}
