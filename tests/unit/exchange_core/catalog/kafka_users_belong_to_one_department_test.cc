// SPDX-License-Identifier: Apache-2.0
// A department's user of the Kafka cluster is its own, names one user, and leaves a trace when it goes.
#include <catch2/catch.hpp>

#include "tests/unit/exchange_core/catalog/catalog_maker.h"

namespace datong::catalog {
namespace {

std::string Departments(const std::string& entries) { return "departments: [" + entries + "]\n"; }

// The code of the only finding, or "".
std::string Refused(const std::string& yaml, const CatalogTable& table = {}) {
  const auto findings = Plan(yaml, table).findings;
  if (findings.empty()) return "";
  CHECK(findings.size() == 1);
  return findings[0].code;
}

CatalogTable After(const std::string& yaml, CatalogTable table = {}) {
  MustApply(yaml, table);
  return table;
}

}  // namespace

TEST_CASE("a star, blanks and control characters are no user") {
  CHECK(Refused(Departments("{name: tax, kafka_user: tax}")).empty());
  CHECK(Refused(Departments("{name: tax, kafka_user: 'CN=tax,O=城市'}")).empty());
  CHECK(Refused(Departments("{name: tax, kafka_user: '*'}")) == "bad_value");
  CHECK(Refused(Departments("{name: tax, kafka_user: '  '}")) == "bad_value");
  CHECK(Refused(Departments("{name: tax, kafka_user: \"a\\tb\"}")) == "bad_value");
  CHECK(Refused(Departments("{name: tax, kafka_user: " + std::string(257, 'u') + "}")) == "bad_value");
}

TEST_CASE("two departments cannot share a user, in one file or over time") {
  CHECK(Refused(Departments("{name: tax, kafka_user: u}, {name: police, kafka_user: u}")) == "duplicate_name");
  const CatalogTable table = After(Departments("{name: tax, kafka_user: u}"));
  CHECK(Refused(Departments("{name: police, kafka_user: u}"), table) == "duplicate_name");
  CHECK(Refused(Departments("{name: tax, kafka_user: v}, {name: police, kafka_user: u}"), table).empty());
  CHECK(Refused(Departments("{name: tax, retired: true}, {name: police, kafka_user: u}"), table).empty());
}

TEST_CASE("what a department wrote while it had a user is never trusted afterwards, and its users are remembered") {
  CatalogTable table = After(Departments("{name: tax, kafka_user: u}, {name: police}"));
  CHECK(table.FindDepartment("tax")->kafka_user == "u");
  CHECK(table.FindDepartment("tax")->writes_itself);
  CHECK(!table.FindDepartment("police")->writes_itself);
  table = After(Departments("{name: tax, kafka_user: v}"), std::move(table));
  table = After(Departments("{name: tax}"), std::move(table));
  CHECK(table.FindDepartment("tax")->kafka_user.empty());
  CHECK(table.FindDepartment("tax")->writes_itself);
  CHECK(table.kafka_users() == std::set<std::string>{"u", "v"});
  table = After(Departments("{name: tax, retired: true}"), std::move(table));
  CHECK(table.kafka_users() == std::set<std::string>{"u", "v"});
}

}  // namespace datong::catalog
