// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/connector_yaml.h"

#include <algorithm>

#include "exchange_core/catalog/nearest_name.h"

namespace datong::catalog {
namespace {

// A value as the connector gets it: text as it is, a list of text joined by line breaks.
std::optional<std::string> OptionValue(const YamlNode& value, const std::string& key, Findings& findings) {
  if (value.kind == YamlNode::Kind::kText) return value.text;
  if (value.kind != YamlNode::Kind::kList) {
    findings.Add(
        value.place, "wrong_type",
        "option '" + key + "' must be text or a list of text, this is " + std::string(KindInWords(value.kind)));
    return std::nullopt;
  }
  std::string joined;
  for (size_t i = 0; i < value.children.size(); ++i) {
    const YamlNode& entry = value.children[i];
    if (entry.kind != YamlNode::Kind::kText || entry.text.find('\n') != std::string::npos) {
      findings.Add(entry.place, "wrong_type", "an entry of option '" + key + "' must be one line of text");
      return std::nullopt;
    }
    joined += (i == 0 ? "" : "\n") + entry.text;
  }
  return joined;
}

void ReadOptions(const YamlNode& node, std::string_view target_key, DesiredConnector& connector, Findings& findings) {
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& key = node.keys[i].text;
    if (key == target_key) continue;
    if (const std::optional<std::string> value = OptionValue(node.children[i], key, findings))
      connector.options[key] = *value;
  }
}

// What the department states of its dumps, and where.
void CheckStated(YamlMapReader& reader, const YamlNode& node, Findings& findings) {
  const std::vector<std::string> parts = {"sha256", "count", "as_of"};
  bool as_of_beside = false;
  for (const PlacedText& part : reader.Texts("manifest")) {
    as_of_beside = as_of_beside || part.text == "as_of";
    if (std::find(parts.begin(), parts.end(), part.text) != parts.end()) continue;
    findings.Add(part.place, "bad_value", "'manifest' of a file source knows no '" + part.text + "'",
                 DidYouMean(part.text, parts, "it may list: sha256, count, as_of"));
  }
  if (reader.has("trailer")) {
    const std::string trailer = reader.Text("trailer", Need::kRequired);
    const YamlNode* format = node.Find("format");
    if (!trailer.empty() && format != nullptr && format->text == "jsonl") {
      findings.Add(node.AtKey("trailer"), "bad_value", "JSON lines have no trailer", "remove it");
    }
  }
  const auto as_of = reader.Choice("as_of", {"name", "manifest", "item"}, Need::kOptional);
  const YamlNode* mode = node.Find("mode");
  if (reader.has("as_of") && (mode == nullptr || mode->text != "full")) {
    findings.Add(node.AtKey("as_of"), "bad_value", "'as_of' is for full dumps",
                 "write 'mode: full' as well, or remove it");
  } else if (as_of && *as_of != 1 && as_of_beside) {
    findings.Add(node.At("as_of"), "bad_value", "'as_of' stands in the manifest already",
                 "write 'as_of: manifest', or take as_of out of 'manifest'");
  }
}

void ReadFileSource(const YamlNode& node, DesiredConnector& connector, Findings& findings) {
  YamlMapReader reader(node, "the source of a file connector",
                       {"resource", "path", "paths", "format", "encoding", "delimiter", "title_lines", "header",
                        "columns", "mode", "ragged", "watch", "manifest", "trailer", "as_of"},
                       findings);
  connector.target = {reader.Text("resource", Need::kRequired), node.At("resource")};
  reader.Choice("mode", {"full", "append"}, Need::kOptional);
  reader.Count("title_lines");
  CheckStated(reader, node, findings);
  if (reader.is_map() && reader.has("path") == reader.has("paths")) {
    findings.Add(node.place, "missing_key", "the source of a file connector needs either 'path' or 'paths'");
  }
  ReadOptions(node, "resource", connector, findings);
}

void ReadFileSink(const YamlNode& node, DesiredConnector& connector, Findings& findings) {
  YamlMapReader reader(node, "the sink of a file connector",
                       {"subscription", "directory", "format", "form", "encoding", "bom"}, findings);
  connector.target = {reader.Text("subscription", Need::kRequired), node.At("subscription")};
  reader.Text("directory", Need::kRequired);
  reader.Choice("form", {"changes", "state"}, Need::kOptional);
  reader.Bool("bom");
  ReadOptions(node, "subscription", connector, findings);
}

// Where its files are and what they look like is its department's business.
void ReadAgencyEnd(const YamlNode& node, DesiredConnector& connector, Findings& findings) {
  const std::string key = connector.sink ? "subscription" : "resource";
  YamlMapReader reader(node,
                       connector.sink ? "the sink of an agency's connector" : "the source of an agency's connector",
                       {key}, findings);
  connector.target = {reader.Text(key, Need::kRequired), node.At(key)};
}

}  // namespace

void ReadConnector(YamlMapReader& reader, DesiredConnector& connector, Findings& findings) {
  const YamlNode& node = *connector.node;
  reader.Choice("kind", {"file", kAgencyConnector}, Need::kRequired);
  if (const YamlNode* kind = node.Find("kind")) connector.kind = kind->text;
  const YamlNode* source = node.Find("source");
  const YamlNode* sink = node.Find("sink");
  if ((source == nullptr) == (sink == nullptr)) {
    findings.Add(node.place, "missing_key", "a connector needs either 'source' or 'sink'");
    return;
  }
  connector.sink = sink != nullptr;
  if (connector.kind == kAgencyConnector) return ReadAgencyEnd(connector.sink ? *sink : *source, connector, findings);
  if (connector.kind != "file") return;
  if (connector.sink) {
    ReadFileSink(*sink, connector, findings);
  } else {
    ReadFileSource(*source, connector, findings);
  }
}

}  // namespace datong::catalog
