// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/agency_yaml.h"

#include <optional>
#include <utility>

#include "exchange_core/catalog/connector_yaml.h"

namespace datong::catalog {

AgencyFile ReadAgencyFile(std::string_view yaml, Findings& findings) {
  AgencyFile file;
  const std::optional<YamlNode> document = ParseYaml(yaml, findings);
  if (!document) return file;
  YamlMapReader reader(*document, "a connector's file",
                       {"name", "exchange", "bootstrap_servers", "kafka_config", "kind", "source", "sink"}, findings);
  file.exchange = reader.Text("exchange", Need::kRequired);
  file.bootstrap_servers = reader.Text("bootstrap_servers", Need::kRequired);
  file.kafka_config = reader.Text("kafka_config", Need::kOptional);
  DesiredConnector desired;
  desired.node = &*document;
  desired.name = reader.Text("name", Need::kRequired);
  if (!reader.is_map()) return file;
  if (const YamlNode* kind = document->Find("kind"); kind != nullptr && kind->text == kAgencyConnector) {
    findings.Add(kind->place, "bad_value", "'kind: agency' stands in the exchange's catalog",
                 "say here what the connector reads or writes: kind: file");
    return file;
  }
  ReadConnector(reader, desired, findings);
  Connector& connector = file.connector;
  connector.name = std::move(desired.name);
  connector.kind = std::move(desired.kind);
  connector.sink = desired.sink;
  (desired.sink ? connector.subscription : connector.resource) = std::move(desired.target.text);
  connector.options = std::move(desired.options);
  return file;
}

}  // namespace datong::catalog
