// SPDX-License-Identifier: Apache-2.0
// Proves that a change which stored records, grants or positions would not survive is refused, saying which item and
// why, and that compatible changes make exactly one new schema version.
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

namespace {

const std::string kGrant =
    "grants:\n  - {name: g, resource: companies, department: tax, items: [code, 名称], purpose: p}\n";
const std::string kSubscription = "subscriptions:\n  - {name: s, grant: g, start: beginning}\n";

CatalogMaker Full() {
  CatalogMaker maker;
  maker.rest = kGrant + kSubscription;
  return maker;
}

// The change from -> to of the full catalog gives one breaking_change at `underlined`.
Finding Refused(const std::string& from, const std::string& to, const std::string& underlined) {
  const std::string before = Full().Text();
  Finding finding = OnlyFinding(before, Replaced(before, from, to), "breaking_change", underlined);
  CHECK(!finding.why.empty());
  CHECK(!finding.next.empty());
  return finding;
}

uint32_t FieldOf(const CatalogTable& table, const std::string& name) {
  const auto* item = table.FindResource("companies")->schema->FindByName(name);
  return item == nullptr ? 0 : item->field_number;
}

}  // namespace

TEST_CASE("Type change is refused") {
  const Finding f = Refused("type: decimal", "type: double", "double");
  CHECK(f.message.find("'capital'") != std::string::npos);
  CHECK(f.message.find("from decimal to double") != std::string::npos);
}
TEST_CASE("Key change is refused") { Refused("key: [code]", "key: [code, 名称]", "key"); }
TEST_CASE("Partitions change is refused") { Refused("partitions: 4", "partitions: 8", "8"); }
TEST_CASE("Key domain change is refused") {
  const std::string before = Full().Text();
  std::string after = Replaced(before, "{name: company}", "{name: company}\n  - {name: person}");
  OnlyFinding(before, Replaced(after, "key_domain: company", "key_domain: person"), "breaking_change", "person");
}
TEST_CASE("Provider change is refused") { Refused("provider: 市场监管局", "provider: tax", "tax"); }
TEST_CASE("Kind change is refused") { Refused("kind: entity", "kind: event", "event"); }
TEST_CASE("Field number change is refused") { Refused("{name: capital,", "{name: capital, field: 9,", "9"); }
TEST_CASE("Removing an item is refused") {
  const Finding f = Refused("      - {name: capital, type: decimal}\n", "", "items");
  CHECK(f.message.find("'capital'") != std::string::npos);
  CHECK(f.next.find("retired: true") != std::string::npos);
}
TEST_CASE("Renaming is removing and adding") { Refused("- {name: capital,", "- {name: funds,", "items"); }
TEST_CASE("Making an item required is refused") { Refused("decimal}", "decimal, required: true}", "true"); }
TEST_CASE("A later item cannot be required") {
  Refused("      - {name: revision", "      - {name: x, required: true}\n      - {name: revision", "true");
}
TEST_CASE("Version item change is refused") {
  Refused("    version: revision\n", "", "companies");
  const std::string before = Full().Text();
  const std::string after = Replaced(before, "decimal}\n", "decimal}\n      - {name: day, type: date}\n");
  OnlyFinding(before, Replaced(after, "version: revision", "version: day"), "breaking_change", "day");
}
TEST_CASE("Compared flag change is refused") {
  Refused("int64, compared: false", "int64", "revision");
  Refused("type: decimal", "type: decimal, compared: false", "false");
}
TEST_CASE("Empty-is-value change is refused") {
  Refused("type: decimal", "type: decimal, empty_is_value: true", "true");
}
TEST_CASE("Id change of events is refused") {
  CatalogMaker event;
  event.resource_head = Replaced(event.resource_head, "entity", "event");
  event.resource_tail = "    id: [code]\n";
  OnlyFinding(event.Text(), Replaced(event.Text(), "id: [code]", "id: [名称]"), "breaking_change", "id");
}
TEST_CASE("Window change of events is refused") {
  CatalogMaker event;
  event.resource_head = Replaced(event.resource_head, "entity", "event");
  event.resource_tail = "    id: [code]\n    window: 30d\n";
  const Finding f =
      OnlyFinding(event.Text(), Replaced(event.Text(), "window: 30d", "window: 7d"), "breaking_change", "7d");
  CHECK(f.message.find("from 30d to 7d") != std::string::npos);
  // Left out, it is what it was.
  event.resource_tail = "    id: [code]\n    window: 7d\n";
  CatalogTable table;
  MustApply(event.Text(), table);
  MustApply(Replaced(event.Text(), "    window: 7d\n", ""), table);
  CHECK(table.FindResource("companies")->window_us == datong::base::TimeUs{7} * 86'400 * 1'000'000);
}
TEST_CASE("Retiring an item of events identified by content is refused") {
  CatalogMaker event;
  event.resource_head = Replaced(event.resource_head, "entity", "event");
  event.resource_tail = "";
  OnlyFinding(event.Text(), Replaced(event.Text(), "decimal}", "decimal, retired: true}"), "breaking_change", "true");
}

TEST_CASE("Grant items, resource and department cannot change") {
  CHECK(Refused("items: [code, 名称]", "items: [code]", "items")
            .message.find("grant items cannot change; make a new grant") != std::string::npos);
  Refused("items: [code, 名称]", "items: all", "all");
  Refused("department: tax", "department: 市场监管局", "市场监管局");
}
TEST_CASE("Grant and start of a subscription cannot change") {
  Refused("start: beginning", "start: now", "now");
  const std::string before = Full().Text();
  const std::string more = Replaced(
      before,
      "subscriptions:", "  - {name: h, resource: companies, department: tax, items: all, purpose: p}\nsubscriptions:");
  OnlyFinding(before, Replaced(more, "grant: g", "grant: h"), "breaking_change", "h");
}
TEST_CASE("A connector keeps its resource") {
  CatalogMaker maker;
  maker.rest = "connectors:\n  - {name: c, kind: file, source: {resource: companies, path: a}}\n";
  CatalogMaker second = maker;
  second.rest = "  - {name: people, provider: tax, key_domain: company, kind: entity, items: [n], key: [n]}\n" +
                Replaced(maker.rest, "resource: companies", "resource: people");
  OnlyFinding(maker.Text(), second.Text(), "breaking_change", "people");
}

TEST_CASE("All breaking changes are told at once") {
  const std::string before = Full().Text();
  std::string after = Replaced(before, "partitions: 4", "partitions: 5");
  after = Replaced(after, "type: decimal", "type: double");
  after = Replaced(after, "start: beginning", "start: now");
  CHECK(FindingsAfter(before, after).size() == 3);
}

TEST_CASE("Compatible changes make one new schema version and keep numbers") {
  CatalogTable table;
  const std::string before = Full().Text();
  MustApply(before, table);
  CHECK(FieldOf(table, "capital") == 3);
  const std::string grown = Replaced(before, "      - 名称\n", "      - first\n      - 名称\n      - second\n");
  CHECK(MustApply(grown, table).summary.at(3) == "resource companies: schema version 2 (new items: first, second)");
  CHECK(FieldOf(table, "first") == 5);
  CHECK(FieldOf(table, "second") == 6);
  CHECK(FieldOf(table, "capital") == 3);
  const Resource* resource = table.FindResource("companies");
  CHECK(resource->versions.size() == 2);
  CHECK(resource->versions[0]->items.size() == 4);
  CHECK(resource->schema->version == 2);

  // Retired: gone from the schema, its number reserved, also when it is no longer written down.
  const std::string retired = Replaced(grown, "      - second\n", "      - {name: second, retired: true}\n");
  MustApply(retired, table);
  CHECK(table.FindResource("companies")->schema->version == 3);
  CHECK(FieldOf(table, "second") == 0);
  const std::string forgotten = Replaced(retired, "      - {name: second, retired: true}\n", "");
  CHECK(MustApply(forgotten, table).framed_change.empty());
  MustApply(Replaced(forgotten, "      - first\n", "      - first\n      - third\n"), table);
  CHECK(FieldOf(table, "third") == 7);
}

TEST_CASE("A retired name returns with its type and number, or not at all") {
  const std::string before = Full().Text();
  const std::string retired = Replaced(before, "decimal}", "decimal, retired: true}");
  CatalogTable table;
  MustApply(before, table);
  MustApply(retired, table);
  const auto findings = Plan(Replaced(before, "type: decimal", "type: int64"), table).findings;
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == "breaking_change");
  MustApply(before, table);
  CHECK(FieldOf(table, "capital") == 3);
  CHECK(table.FindResource("companies")->schema->version == 3);
}

TEST_CASE("A number once used is never given to another item") {
  const std::string before = Full().Text();
  CatalogTable table;
  MustApply(before, table);
  MustApply(Replaced(before, "decimal}", "decimal, retired: true}"), table);
  const auto findings =
      Plan(Replaced(before, "- {name: capital, type: decimal}", "- {name: x, field: 3}"), table).findings;
  INFO(Told(findings));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == "duplicate_field");
}

TEST_CASE("Titles change without a schema version; required may become optional") {
  CatalogMaker maker;
  maker.items += "      - {name: must, required: true}\n";
  CatalogTable table;
  MustApply(maker.Text(), table);
  MustApply(Replaced(maker.Text(), "type: decimal", "type: decimal, title: 注册资本"), table);
  CHECK(table.FindResource("companies")->schema->version == 1);
  MustApply(Replaced(maker.Text(), ", required: true", ""), table);
  CHECK(table.FindResource("companies")->schema->version == 2);
}

TEST_CASE("What is needed cannot be retired, and what is retired does not return") {
  CatalogTable table;
  MustApply(Full().Text(), table);
  const auto used = Plan("resources:\n  - {name: companies, retired: true}\n", table).findings;
  REQUIRE(used.size() == 1);
  CHECK(used[0].code == "in_use");
  CHECK(used[0].message.find("grant 'g'") != std::string::npos);
  CHECK(Plan("departments:\n  - {name: 市场监管局, retired: true}\n", table).findings.at(0).code == "in_use");
  CHECK(Plan("key_domains:\n  - {name: company, retired: true}\n", table).findings.at(0).code == "in_use");

  MustApply("grants:\n  - {name: g, revoked: true}\nresources:\n  - {name: companies, retired: true}\n", table);
  CHECK(table.FindResource("companies") == nullptr);
  CHECK(table.FindGrant("g")->revoked);
  CHECK(!table.FindSubscription("s")->active);
  const auto back = Plan(Full().Text(), table).findings;
  INFO(Told(back));
  REQUIRE(back.size() == 2);
  CHECK(back[0].code == "retired");
  CHECK(back[1].code == "revoked");
}
