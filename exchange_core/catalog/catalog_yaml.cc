// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/catalog_yaml.h"

#include <algorithm>

#include "exchange_core/base/limits.h"
#include "exchange_core/catalog/catalog_time.h"
#include "exchange_core/catalog/connector_yaml.h"
#include "exchange_core/catalog/nearest_name.h"
#include "exchange_core/catalog/snapshot_policy_yaml.h"
#include "exchange_core/catalog/social_credit_code.h"

namespace datong::catalog {
namespace {

constexpr size_t kNameCharactersMax = 128;
constexpr size_t kTitleBytesMax = 4096;
constexpr size_t kKafkaUserBytesMax = 256;

void CheckName(const Desired& object, std::string_view what, Findings& findings) {
  const std::string& name = object.name;
  if (name.empty()) return;  // reported as missing
  const Place place = object.node->kind == YamlNode::Kind::kMap ? object.At("name") : object.node->place;
  const bool control = std::any_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (name.front() == ' ' || name.back() == ' ' || control) {
    findings.Add(
        place, "bad_value",
        "the name of " + std::string(what) + " must be one line without control characters or spaces around it");
  }
  if (CodePoints(name).size() > kNameCharactersMax) {
    findings.Add(
        place, "bad_value",
        "the name of " + std::string(what) + " is longer than " + std::to_string(kNameCharactersMax) + " characters",
        "put the long form into 'title'");
  }
}

std::string ReadTitle(YamlMapReader& reader, const YamlNode& node, Findings& findings) {
  std::string title = reader.Text("title", Need::kOptional);
  if (title.size() > kTitleBytesMax) {
    findings.Add(node.At("title"), "bad_value",
                 "the title is longer than " + std::to_string(kTitleBytesMax) + " bytes");
  }
  return title;
}

// One entry after another of the list under `key`; `read` fills all but what Desired has.
template <typename Object, typename Read>
void ReadList(YamlMapReader& parent, std::string_view key, std::string_view what,
              std::initializer_list<std::string_view> keys, std::string_view end_key, std::vector<Object>& into,
              Findings& findings, Read read) {
  const std::vector<YamlNode>* list = parent.List(key, Need::kOptional);
  if (list == nullptr) return;
  std::map<std::string, int> line_of;
  for (const YamlNode& node : *list) {
    const size_t findings_before = findings.size();
    Object object;
    object.node = &node;
    YamlMapReader reader(node, what, keys, findings);
    if (!reader.is_map()) continue;
    object.name = reader.Text("name", Need::kRequired);
    CheckName(object, what, findings);
    if (!end_key.empty()) object.retired = reader.Bool(end_key).value_or(false);
    read(reader, object);
    object.sound = findings.size() == findings_before;
    if (object.name.empty()) continue;
    const auto [first, fresh] = line_of.try_emplace(object.name, node.At("name").line);
    if (!fresh) {
      findings.Add(node.At("name"), "duplicate_name",
                   std::string(what) + " named '" + object.name + "' stands here already",
                   "choose another name or remove one (the first is in line " + std::to_string(first->second) + ")");
      continue;
    }
    into.push_back(std::move(object));
  }
}

// What a retired object was stays as it is: only its name is needed.
Need Unless(bool retired) { return retired ? Need::kOptional : Need::kRequired; }

// It becomes part of rules that a cluster holds: a star there means everybody.
void CheckKafkaUser(const DesiredDepartment& department, Findings& findings) {
  const std::string& user = department.kafka_user;
  const bool control = std::any_of(user.begin(), user.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (user != "*" && user.size() <= kKafkaUserBytesMax && !control && user.find_first_not_of(' ') != user.npos) return;
  findings.Add(department.At("kafka_user"), "bad_value", "'kafka_user' must name one user of the Kafka cluster",
               "write the SCRAM user, or the subject of its certificate as the cluster sees it");
}

void ReadDepartment(YamlMapReader& reader, DesiredDepartment& department, Findings& findings) {
  department.title = ReadTitle(reader, *department.node, findings);
  department.kafka_user = reader.Text("kafka_user", Need::kOptional);
  if (!department.kafka_user.empty()) CheckKafkaUser(department, findings);
  department.social_credit_code = reader.Text("social_credit_code", Need::kOptional);
  if (department.social_credit_code.empty()) return;
  if (const auto problem = SocialCreditCodeProblem(department.social_credit_code)) {
    findings.Add(department.At("social_credit_code"), "bad_social_credit_code",
                 "'" + department.social_credit_code + "' is no unified social credit code: " + *problem, "",
                 "GB 32100-2015 gives it 18 characters, two of them for checking");
  }
}

void ReadSameSpelling(YamlMapReader& reader, DesiredItem& item, Findings& findings) {
  for (const PlacedText& rule : reader.Texts("same_spelling")) {
    if (rule.text == "case") {
      item.ignore_case = true;
    } else if (rule.text == "spaces") {
      item.ignore_spaces = true;
    } else if (rule.text == "width") {
      item.ignore_width = true;
    } else {
      findings.Add(rule.place, "bad_value", "'same_spelling' of an item knows no '" + rule.text + "'",
                   DidYouMean(rule.text, {"case", "spaces", "width"}, "it may list: case, spaces, width"));
    }
  }
}

void ReadItem(const YamlNode& node, DesiredItem& item, Findings& findings) {
  if (node.kind == YamlNode::Kind::kText) {
    item.name = node.text;
    item.type = record::ItemType::kString;
    if (item.name.empty()) findings.Add(node.place, "bad_value", "the name of an item must not be empty");
    return;
  }
  YamlMapReader reader(
      node, "an item",
      {"name", "type", "compared", "empty_is_value", "required", "same_spelling", "title", "field", "retired"},
      findings);
  item.name = reader.Text("name", Need::kRequired);
  item.retired = reader.Bool("retired").value_or(false);
  if (const auto type = reader.Choice("type", ItemTypeWords(), Need::kOptional)) {
    item.type = static_cast<record::ItemType>(*type + 1);
  } else if (!reader.has("type") && !item.retired) {
    item.type = record::ItemType::kString;
  }
  item.compared = reader.Bool("compared").value_or(true);
  item.empty_is_value = reader.Bool("empty_is_value").value_or(false);
  item.required = reader.Bool("required").value_or(false);
  ReadSameSpelling(reader, item, findings);
  item.title = ReadTitle(reader, node, findings);
  item.field = reader.Count("field").value_or(0);
  if (reader.has("field") && (item.field == 0 || item.field > kFieldNumberMax)) {
    findings.Add(node.At("field"), "bad_value", "a field number is between 1 and " + std::to_string(kFieldNumberMax));
  }
}

void ReadItems(YamlMapReader& reader, DesiredResource& resource, Findings& findings) {
  const std::vector<YamlNode>* list = reader.List("items", Unless(resource.retired));
  if (list == nullptr) return;
  if (list->empty()) findings.Add(resource.At("items"), "bad_value", "a resource needs at least one item");
  std::map<std::string, int> line_of;
  for (const YamlNode& node : *list) {
    DesiredItem item;
    item.node = &node;
    const size_t findings_before = findings.size();
    ReadItem(node, item, findings);
    CheckName(item, "an item", findings);
    item.sound = findings.size() == findings_before;
    if (item.name.empty()) continue;
    const Place place = node.At("name");
    const auto [first, fresh] = line_of.try_emplace(item.name, place.line);
    if (!fresh) {
      findings.Add(place, "duplicate_name", "an item named '" + item.name + "' stands here already",
                   "choose another name or remove one (the first is in line " + std::to_string(first->second) + ")");
      continue;
    }
    resource.items.push_back(std::move(item));
  }
}

void ReadResource(YamlMapReader& reader, DesiredResource& resource, Findings& findings) {
  const Need need = Unless(resource.retired);
  resource.title = ReadTitle(reader, *resource.node, findings);
  resource.provider = reader.Text("provider", need);
  resource.key_domain = reader.Text("key_domain", need);
  if (const auto kind = reader.Choice("kind", {"entity", "event"}, need)) {
    resource.kind = static_cast<record::ResourceKind>(*kind + 1);
  }
  resource.partitions = reader.Count("partitions");
  if (resource.partitions && (*resource.partitions == 0 || *resource.partitions > base::kPartitionsMax)) {
    findings.Add(resource.At("partitions"), "bad_value",
                 "a resource has between 1 and " + std::to_string(base::kPartitionsMax) + " partitions");
  }
  ReadItems(reader, resource, findings);
  resource.key = reader.Texts("key");
  resource.id = reader.Texts("id");
  if (reader.has("version")) resource.version = reader.Text("version", Need::kRequired);
  if (reader.has("event_time")) resource.event_time = reader.Text("event_time", Need::kRequired);
  if (const YamlNode* snapshots = resource.node->Find("snapshots")) {
    resource.snapshots = ReadSnapshotPolicy(*snapshots, findings);
  }
  const std::string window = reader.Text("window", Need::kOptional);
  if (window.empty()) return;
  resource.window = ParseSpan(window);
  if (!resource.window) {
    findings.Add(resource.At("window"), "bad_value", "'" + window + "' is no span of time",
                 "write a whole number and d, h, m or s: 30d");
  }
}

void ReadGrant(YamlMapReader& reader, DesiredGrant& grant, Findings& findings) {
  const Need need = Unless(grant.retired);
  grant.resource = reader.Text("resource", need);
  grant.department = reader.Text("department", need);
  grant.purpose = reader.Text("purpose", need);
  const YamlNode* items = grant.node->Find("items");
  if (items != nullptr && items->kind == YamlNode::Kind::kText && items->text == "all") {
    grant.all_items = true;
  } else if (reader.List("items", need) != nullptr) {
    grant.items = reader.Texts("items");
    if (items->children.empty()) {
      findings.Add(items->place, "bad_value", "a grant without items lets nothing through",
                   "name the items, or write 'items: all' for every one, later ones included");
    }
  }
  const std::string valid_until = reader.Text("valid_until", Need::kOptional);
  if (valid_until.empty()) return;
  const std::optional<base::TimeUs> end = ParseEnd(valid_until);
  if (!end) {
    findings.Add(grant.At("valid_until"), "bad_value", "'" + valid_until + "' is no date",
                 "write 2027-12-31 (to the end of that day, Beijing time) or 2027-12-31T18:00:00+08:00");
  }
  grant.valid_until = end.value_or(0);
}

void ReadSubscription(YamlMapReader& reader, DesiredSubscription& subscription) {
  const Need need = Unless(subscription.retired);
  subscription.grant = reader.Text("grant", need);
  if (const auto start = reader.Choice("start", {"beginning", "now", "present"}, need)) {
    subscription.start = static_cast<SubscriptionStart>(*start + 1);
  }
  if (const auto form = reader.Choice("delivery", {"packed", "records", "json"}, Need::kOptional)) {
    subscription.form = static_cast<DeliveryForm>(*form + 1);
  }
  subscription.suspended = reader.Bool("suspended").value_or(false);
}

}  // namespace

const std::vector<std::string>& ItemTypeWords() {
  static const auto& words =
      *new std::vector<std::string>{"string", "int64", "double", "bool", "date", "timestamp", "decimal", "bytes"};
  return words;
}

std::string ItemTypeWord(record::ItemType type) { return ItemTypeWords()[static_cast<size_t>(type) - 1]; }

DesiredCatalog ReadCatalog(std::string_view yaml, Findings& findings) {
  DesiredCatalog catalog;
  std::optional<YamlNode> document = ParseYaml(yaml, findings);
  if (!document) return catalog;
  catalog.document = std::make_unique<const YamlNode>(std::move(*document));

  YamlMapReader root(*catalog.document, "a catalog",
                     {"departments", "key_domains", "resources", "grants", "subscriptions", "connectors"}, findings);
  if (!root.is_map()) return catalog;
  ReadList(root, "departments", "a department", {"name", "title", "social_credit_code", "kafka_user", "retired"},
           "retired", catalog.departments, findings,
           [&](auto& reader, auto& object) { ReadDepartment(reader, object, findings); });
  ReadList(root, "key_domains", "a key domain", {"name", "retired"}, "retired", catalog.key_domains, findings,
           [](auto&, auto&) {});
  ReadList(root, "resources", "a resource",
           {"name", "title", "provider", "key_domain", "kind", "partitions", "items", "key", "id", "version",
            "event_time", "window", "snapshots", "retired"},
           "retired", catalog.resources, findings,
           [&](auto& reader, auto& object) { ReadResource(reader, object, findings); });
  ReadList(root, "grants", "a grant", {"name", "resource", "department", "items", "purpose", "valid_until", "revoked"},
           "revoked", catalog.grants, findings,
           [&](auto& reader, auto& object) { ReadGrant(reader, object, findings); });
  ReadList(root, "subscriptions", "a subscription", {"name", "grant", "start", "delivery", "suspended", "retired"},
           "retired", catalog.subscriptions, findings,
           [](auto& reader, auto& object) { ReadSubscription(reader, object); });
  ReadList(root, "connectors", "a connector", {"name", "kind", "source", "sink", "retired"}, "retired",
           catalog.connectors, findings, [&](auto& reader, auto& object) {
             if (!object.retired) ReadConnector(reader, object, findings);
           });
  return catalog;
}

}  // namespace datong::catalog
