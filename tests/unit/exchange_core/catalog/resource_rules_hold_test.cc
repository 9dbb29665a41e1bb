// SPDX-License-Identifier: Apache-2.0
// Proves that a catalog which contradicts itself is refused, rule by rule, at the place of the contradiction.
#include "tests/unit/exchange_core/catalog/catalog_maker.h"

using namespace datong::catalog;

namespace {
Finding Only(const CatalogMaker& maker, const std::string& code, const std::string& underlined) {
  return OnlyFinding("", maker.Text(), code, underlined);
}
CatalogMaker WithRest(const std::string& rest) {
  CatalogMaker maker;
  maker.rest = rest;
  return maker;
}
CatalogMaker WithHead(const std::string& from, const std::string& to) {
  CatalogMaker maker;
  maker.resource_head = Replaced(maker.resource_head, from, to);
  return maker;
}
CatalogMaker WithTail(const std::string& tail) {
  CatalogMaker maker;
  maker.resource_tail = tail;
  return maker;
}
CatalogMaker WithItem(const std::string& line) {
  CatalogMaker maker;
  maker.items += "      - " + line + "\n";
  return maker;
}
const std::string kGrant =
    "grants:\n  - {name: g, resource: companies, department: tax, items: all, purpose: 税务登记}\n";
}  // namespace

TEST_CASE("Unknown references are named with the nearest known name") {
  CHECK(Only(WithHead("市场监管局", "市场监督局"), "unknown_reference", "市场监督局").next ==
        "did you mean '市场监管局'?");
  CHECK(Only(WithHead("key_domain: company", "key_domain: companie"), "unknown_reference", "companie").next ==
        "did you mean 'company'?");
  CHECK(Only(WithRest("grants:\n  - {name: g, resource: companys, department: tax, items: all, purpose: p}\n"),
             "unknown_reference", "companys")
            .next == "did you mean 'companies'?");
  CHECK(Only(WithRest("grants:\n  - {name: g, resource: companies, department: taxx, items: all, purpose: p}\n"),
             "unknown_reference", "taxx")
            .next == "did you mean 'tax'?");
  CHECK(Only(WithRest(
                 "grants:\n  - {name: g, resource: companies, department: tax, items: [code, capitl], purpose: p}\n"),
             "unknown_reference", "capitl")
            .next == "did you mean 'capital'?");
  CHECK(Only(WithRest(kGrant + "subscriptions:\n  - {name: s, grant: gg, start: now}\n"), "unknown_reference", "gg")
            .next == "did you mean 'g'?");
  Only(WithRest("connectors:\n  - {name: c, kind: file, source: {resource: none, path: a.csv}}\n"), "unknown_reference",
       "none");
  Only(WithRest("connectors:\n  - {name: c, kind: file, sink: {subscription: none, directory: out}}\n"),
       "unknown_reference", "none");
  Only(WithRest("subscriptions:\n  - {name: typo, retired: true}\n"), "unknown_reference", "typo");
}

TEST_CASE("An entity needs key items, all of them its own, compared and once") {
  Only(WithTail(""), "missing_key", "companies");
  CHECK(Only(WithTail("    key: [cod]\n"), "unknown_reference", "cod").next == "did you mean 'code'?");
  Only(WithTail("    key: [code, code]\n"), "duplicate_name", "code");
  Only(WithTail("    key: [code, revision]\n"), "bad_value", "false");
  Only(WithTail("    key: [code]\n    id: [code]\n"), "bad_value", "id");
  Only(WithTail("    key: [code]\n    window: 30d\n"), "bad_value", "window");
}

TEST_CASE("Version and event time need fitting types") {
  Only(WithTail("    key: [code]\n    version: capital\n"), "bad_value", "capital");
  Only(WithTail("    key: [code]\n    event_time: revision\n"), "bad_value", "revision");
  Only(WithTail("    key: [code]\n    version: revison\n"), "unknown_reference", "revison");
}

TEST_CASE("Partitions, windows, field numbers and types are bounded") {
  Only(WithHead("partitions: 4", "partitions: 0"), "bad_value", "0");
  Only(WithHead("partitions: 4", "partitions: 1025"), "bad_value", "1025");
  CatalogMaker event = WithHead("entity", "event");
  event.resource_tail = "    window: 30\n";
  Only(event, "bad_value", "30");
  Only(WithItem("{name: x, field: 19000}"), "bad_value", "19000");
  Only(WithItem("{name: x, field: 7}\n      - {name: y, field: 7}"), "duplicate_field", "7");
  CHECK(Only(WithItem("{name: x, type: strng}"), "bad_value", "strng").next == "did you mean 'string'?");
  Only(WithItem("code"), "duplicate_name", "code");
}

TEST_CASE("An event resource must have something to compare") {
  CatalogMaker event = WithHead("entity", "event");
  event.items = "    items:\n      - {name: a, compared: false}\n";
  event.resource_tail = "";
  Only(event, "bad_value", "-");
}

TEST_CASE("A grant lets something through, for a purpose, until a time to come") {
  Only(WithRest("grants:\n  - {name: g, resource: companies, department: tax, items: [], purpose: p}\n"), "bad_value",
       "[");
  Only(WithRest("grants:\n  - {name: g, resource: companies, department: tax, items: all}\n"), "missing_key", "{");
  Only(WithRest("grants:\n  - {name: g, resource: companies, department: tax, items: everything, purpose: p}\n"),
       "wrong_type", "everything");
  Only(WithRest("grants:\n  - {name: g, resource: companies, department: tax, items: all, purpose: p, valid_until: "
                "2027-02-29}\n"),
       "bad_value", "2027-02-29");
  Only(WithRest("grants:\n  - {name: g, resource: companies, department: tax, items: all, purpose: p, valid_until: "
                "2020-01-01}\n"),
       "bad_value", "2020-01-01");
  CatalogTable table;
  MustApply(
      WithRest("grants:\n"
               "  - {name: g, resource: companies, department: tax, items: all, purpose: p, valid_until: 2027-12-31}\n"
               "  - {name: h, resource: companies, department: tax, items: all, purpose: p,\n"
               "     valid_until: \"2028-01-01T00:00:00+08:00\"}\n")
          .Text(),
      table);
  CHECK(table.FindGrant("g")->valid_until == 1'830'268'800'000'000);  // 2027-12-31T16:00:00Z
  CHECK(table.FindGrant("h")->valid_until == table.FindGrant("g")->valid_until);
}

TEST_CASE("Options of a file connector are known by name") {
  const std::string head = "connectors:\n  - {name: c, kind: file, source: {resource: companies, path: a.csv, ";
  CHECK(Only(WithRest(head + "encodng: gbk}}\n"), "unknown_key", "encodng").next == "did you mean 'encoding'?");
  Only(WithRest(head + "mode: ful}}\n"), "bad_value", "ful");
  Only(WithRest(head + "paths: [b]}}\n"), "missing_key", "{");
  Only(WithRest(head + "columns: {a: b}}}\n"), "wrong_type", "{");
  Only(WithRest("connectors:\n  - {name: c, kind: ftp, source: {}}\n"), "bad_value", "ftp");
  Only(WithRest("connectors:\n  - {name: c, kind: file}\n"), "missing_key", "{");
  CatalogTable table;
  MustApply(WithRest(head + "columns: [a, b], delimiter: \"\\t\", watch: true}}\n").Text(), table);
  const Connector* connector = table.FindConnector("c");
  CHECK(connector->resource == "companies");
  CHECK(connector->options == std::map<std::string, std::string>{
                                  {"path", "a.csv"}, {"columns", "a\nb"}, {"delimiter", "\t"}, {"watch", "true"}});
}
