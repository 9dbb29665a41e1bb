// SPDX-License-Identifier: Apache-2.0
// The file of a connector that a department runs itself: the words of a catalog's connector, who it speaks to, and
// nothing that it does not know.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "exchange_core/catalog/agency_yaml.h"

namespace datong::catalog {
namespace {

constexpr char kTo[] = "name: in\nexchange: city\nbootstrap_servers: a:9093\n";
constexpr char kSource[] = "kind: file\nsource: {resource: companies, path: /data}\n";

std::vector<Finding> FindingsOf(const std::string& yaml) {
  Findings findings;
  ReadAgencyFile(yaml, findings);
  return findings.TakeInTextOrder();
}

std::string Refused(const std::string& yaml) {
  const auto found = FindingsOf(yaml);
  if (found.empty()) return "";
  INFO(yaml);
  CHECK(found.size() == 1);
  return found[0].code;
}

}  // namespace

TEST_CASE("a source's file says what it reads and who it speaks to") {
  Findings findings;
  const AgencyFile file = ReadAgencyFile(std::string(kTo) + "kafka_config: secrets.properties\n" + kSource, findings);
  CHECK(findings.TakeInTextOrder().empty());
  CHECK(file.exchange == "city");
  CHECK(file.bootstrap_servers == "a:9093");
  CHECK(file.kafka_config == "secrets.properties");
  CHECK(file.connector.name == "in");
  CHECK(file.connector.kind == "file");
  CHECK_FALSE(file.connector.sink);
  CHECK(file.connector.resource == "companies");
}

TEST_CASE("a sink's file names a subscription") {
  Findings findings;
  const AgencyFile file =
      ReadAgencyFile(std::string(kTo) + "kind: file\nsink: {subscription: tax, directory: /data}\n", findings);
  CHECK(findings.TakeInTextOrder().empty());
  CHECK(file.connector.sink);
  CHECK(file.connector.subscription == "tax");
  CHECK(file.kafka_config.empty());
}

TEST_CASE("what is missing or unknown in a connector's file is refused by name") {
  CHECK(Refused(std::string(kTo) + kSource).empty());
  CHECK(Refused(std::string("name: in\nbootstrap_servers: a:1\n") + kSource) == "missing_key");
  CHECK(Refused(std::string("name: in\nexchange: city\n") + kSource) == "missing_key");
  CHECK(Refused(std::string("exchange: city\nbootstrap_servers: a:1\n") + kSource) == "missing_key");
  CHECK(Refused(std::string(kTo) + kSource + "password: secret\n") == "unknown_key");
  CHECK(Refused(std::string(kTo) + "kind: agency\nsource: {resource: companies}\n") == "bad_value");
  CHECK_FALSE(Refused("- a list\n").empty());
  CHECK_FALSE(FindingsOf("name: [\n").empty());
  CHECK_FALSE(FindingsOf("").empty());
}

}  // namespace datong::catalog
