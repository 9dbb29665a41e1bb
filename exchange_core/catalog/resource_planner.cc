// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/resource_planner.h"

#include <algorithm>
#include <set>

#include "exchange_core/base/limits.h"
#include "exchange_core/catalog/catalog_time.h"
#include "exchange_core/catalog/compatibility.h"
#include "exchange_core/catalog/nearest_name.h"
#include "exchange_core/catalog/snapshot_policy.h"

namespace datong::catalog {
namespace {

constexpr base::TimeUs kWindowDefault = 30ll * 86'400 * 1'000'000;

class ResourcePlanner {
 public:
  ResourcePlanner(const DesiredResource& desired, const v1::Resource* before, v1::Resource& after, Findings& findings)
      : desired_(desired), before_(before), after_(after), findings_(findings) {}

  void Run() {
    const size_t findings_before = findings_.size();
    FillOwn();
    FillItems();
    CheckRoles();
    // Rules of change compare two resources that make sense; else one slip would be told twice.
    if (findings_.size() != findings_before || before_ == nullptr) return;
    CheckCompatible();
    after_.set_schema_version(before_->schema_version() + (SchemaDiffers(*before_, after_) ? 1 : 0));
  }

 private:
  void FillOwn() {
    after_.set_name(desired_.name);
    after_.set_title(desired_.title);
    after_.set_kind(static_cast<v1::ResourceKind>(desired_.kind));
    after_.set_schema_version(1);
    after_.set_partitions(desired_.partitions.value_or(before_ == nullptr ? 1 : before_->partitions()));
    for (const PlacedText& name : desired_.key) after_.add_key_items(name.text);
    for (const PlacedText& name : desired_.id) after_.add_id_items(name.text);
    after_.set_version_item(desired_.version);
    after_.set_event_time_item(desired_.event_time);
    // What is as if nobody had written it is not written down.
    if (desired_.snapshots && *desired_.snapshots != SnapshotPolicy()) {
      WritePolicy(*desired_.snapshots, *after_.mutable_snapshots());
    }
    if (desired_.kind == record::ResourceKind::kEvent) {
      const bool was_event = before_ != nullptr && before_->kind() == v1::EVENT;
      after_.set_window_us(desired_.window.value_or(was_event ? before_->window_us() : kWindowDefault));
    }
  }

  const v1::Item* ItemBefore(const std::string& name) const {
    if (before_ == nullptr) return nullptr;
    const auto found = std::find_if(before_->items().begin(), before_->items().end(),
                                    [&](const v1::Item& item) { return item.name() == name; });
    return found == before_->items().end() ? nullptr : &*found;
  }
  const DesiredItem* Wanted(const std::string& name) const {
    const auto found = std::find_if(desired_.items.begin(), desired_.items.end(),
                                    [&](const DesiredItem& item) { return item.name == name; });
    return found == desired_.items.end() ? nullptr : &*found;
  }

  void FillItems() {
    if (desired_.items.size() > base::kItemsMax) {
      findings_.Add(desired_.At("items"), "too_large",
                    "a resource has at most " + std::to_string(base::kItemsMax) + " items");
    }
    std::vector<v1::Item> items;
    uint32_t highest = 0;
    if (before_ != nullptr) {
      for (const v1::Item& item : before_->items()) {
        highest = std::max(highest, item.field_number());
        // A retired item need not be written down for ever; its name and number stay taken.
        if (item.retired() && Wanted(item.name()) == nullptr) items.push_back(item);
      }
    }
    const std::set<uint32_t> stated = StatedFields();
    for (const DesiredItem& wanted : desired_.items) {
      items.push_back(MakeItem(wanted));
      v1::Item& item = items.back();
      if (item.field_number() != 0) continue;
      do ++highest;
      while (stated.contains(highest));
      item.set_field_number(highest);
      if (highest > kFieldNumberMax) {
        findings_.Add(wanted.node->place, "too_large", "no field number is left for item '" + wanted.name + "'",
                      "make a new resource");
      }
    }
    std::sort(items.begin(), items.end(),
              [](const v1::Item& a, const v1::Item& b) { return a.field_number() < b.field_number(); });
    for (v1::Item& item : items) *after_.add_items() = std::move(item);
  }

  // The numbers written in the text; a number that belongs to another item is a finding.
  std::set<uint32_t> StatedFields() {
    std::map<uint32_t, std::string> owner;
    if (before_ != nullptr) {
      for (const v1::Item& item : before_->items()) owner[item.field_number()] = item.name();
    }
    std::set<uint32_t> stated;
    for (const DesiredItem& wanted : desired_.items) {
      if (wanted.field == 0) continue;
      stated.insert(wanted.field);
      const auto [taken, fresh] = owner.try_emplace(wanted.field, wanted.name);
      if (fresh || taken->second == wanted.name) continue;
      findings_.Add(wanted.At("field"), "duplicate_field",
                    "field number " + std::to_string(wanted.field) + " belongs to item '" + taken->second + "'",
                    "leave 'field' out: the next free number is given by itself", "a number is never given twice");
    }
    return stated;
  }

  v1::Item MakeItem(const DesiredItem& wanted) const {
    const v1::Item* before = ItemBefore(wanted.name);
    v1::Item item;
    // Of a retired item only the name is needed; what it was stays.
    if (wanted.retired && before != nullptr) item = *before;
    item.set_name(wanted.name);
    if (wanted.type) {
      item.set_type(static_cast<v1::ItemType>(*wanted.type));
    } else if (before == nullptr) {
      item.set_type(v1::STRING);
    }
    if (!wanted.retired || before == nullptr) {
      item.set_not_compared(!wanted.compared);
      item.set_empty_is_value(wanted.empty_is_value);
      item.set_required(wanted.required);
      item.set_ignore_case(wanted.ignore_case);
      item.set_ignore_spaces(wanted.ignore_spaces);
      item.set_ignore_width(wanted.ignore_width);
      item.set_title(wanted.title);
    }
    item.set_field_number(wanted.field != 0 ? wanted.field : before != nullptr ? before->field_number() : 0);
    item.set_retired(wanted.retired);
    return item;
  }

  void CheckRoles() {
    const bool entity = desired_.kind == record::ResourceKind::kEntity;
    if (entity && desired_.key.empty()) {
      findings_.Add(desired_.At("name"), "missing_key", "entity resource '" + desired_.name + "' needs the key 'key'",
                    "name the items that tell one object from another: key: [...]");
    }
    if (entity && !desired_.id.empty()) {
      findings_.Add(desired_.node->AtKey("id"), "bad_value", "'id' is for event resources",
                    "remove it: the key is the identity");
    }
    if (entity && desired_.window) {
      findings_.Add(desired_.node->AtKey("window"), "bad_value", "'window' is for event resources",
                    "remove it: entities are remembered for good");
    }
    if (!entity && desired_.snapshots) {
      findings_.Add(desired_.node->AtKey("snapshots"), "bad_value", "'snapshots' is for entity resources",
                    "remove it: events are facts, and none is deleted because a file does not repeat it");
    }
    CheckSpellings();
    CheckNames("key", desired_.key);
    CheckNames("id", desired_.id);
    CheckRole("version", desired_.version,
              {record::ItemType::kInt64, record::ItemType::kDate, record::ItemType::kTimestamp},
              "int64, date or timestamp");
    CheckRole("event_time", desired_.event_time, {record::ItemType::kDate, record::ItemType::kTimestamp},
              "date or timestamp");
    const bool some_compared = std::any_of(desired_.items.begin(), desired_.items.end(),
                                           [](const DesiredItem& item) { return item.compared && !item.retired; });
    if (!some_compared && !desired_.items.empty()) {
      findings_.Add(desired_.At("items"), "bad_value", "no item is compared",
                    "leave 'compared: false' out of at least one item", "no change could ever be told from a repeat");
    }
  }

  // Spelling matters where an item tells one record from another, and only text has any.
  void CheckSpellings() {
    const auto named_in = [](const std::vector<PlacedText>& names, const std::string& name) {
      return std::any_of(names.begin(), names.end(), [&](const PlacedText& one) { return one.text == name; });
    };
    for (const DesiredItem& item : desired_.items) {
      if (item.retired || (!item.ignore_case && !item.ignore_spaces && !item.ignore_width)) continue;
      const Place place = item.node->AtKey("same_spelling");
      if (item.type && *item.type != record::ItemType::kString) {
        findings_.Add(place, "bad_value",
                      "'same_spelling' is for text; item '" + item.name + "' is " + ItemTypeWord(*item.type),
                      "remove it");
      } else if (!named_in(desired_.key, item.name) && !named_in(desired_.id, item.name)) {
        findings_.Add(place, "bad_value",
                      "item '" + item.name + "' is no part of 'key' or 'id': its spelling decides nothing",
                      "remove 'same_spelling'");
      }
    }
  }

  // The wanted item of that name, or nullptr after saying what is wrong.
  const DesiredItem* Refer(const char* role, const std::string& name, Place place) {
    const DesiredItem* item = Wanted(name);
    if (item != nullptr && !item->retired) return item;
    std::vector<std::string> names;
    for (const DesiredItem& candidate : desired_.items) {
      if (!candidate.retired) names.push_back(candidate.name);
    }
    findings_.Add(place, "unknown_reference",
                  "'" + std::string(role) + "' names item '" + name + "', which " +
                      (item != nullptr ? "is retired" : "resource '" + desired_.name + "' does not have"),
                  DidYouMean(name, names, ""));
    return nullptr;
  }

  void CheckNames(const char* role, const std::vector<PlacedText>& names) {
    std::set<std::string> seen;
    for (const PlacedText& name : names) {
      if (!seen.insert(name.text).second) {
        findings_.Add(name.place, "duplicate_name", "item '" + name.text + "' stands twice in '" + role + "'",
                      "remove one");
        continue;
      }
      const DesiredItem* item = Refer(role, name.text, name.place);
      if (item == nullptr || item->compared) continue;
      findings_.Add(item->At("compared"), "bad_value",
                    "item '" + item->name + "' is part of '" + role + "' and cannot be left out of comparison",
                    "remove 'compared: false'");
    }
  }

  void CheckRole(const char* role, const std::string& name, std::initializer_list<record::ItemType> allowed,
                 const std::string& allowed_words) {
    if (name.empty()) return;
    const DesiredItem* item = Refer(role, name, desired_.At(role));
    if (item == nullptr || !item->type || std::find(allowed.begin(), allowed.end(), *item->type) != allowed.end())
      return;
    findings_.Add(desired_.At(role), "bad_value",
                  "'" + std::string(role) + "' needs an item of type " + allowed_words + "; '" + name + "' is " +
                      ItemTypeWord(*item->type));
  }

  void CheckCompatible() {
    for (const Incompatibility& broken : FindIncompatibilities(*before_, after_)) {
      findings_.Add(PlaceOf(broken), "breaking_change", broken.message, broken.next, broken.why);
    }
    // Of planning only: catalogs in which a window was changed, when that could be done, are read as they are.
    if (before_->kind() == after_.kind() && before_->window_us() != after_.window_us()) {
      findings_.Add(
          desired_.node->At("window"), "breaking_change",
          "resource '" + desired_.name + "': the window cannot change from " + SpanAsText(before_->window_us()) +
              " to " + SpanAsText(after_.window_us()),
          "make a new resource",
          "ids that the old one forgot would be expected to be known, and what was a duplicate would not come "
          "out the same when the ledger is read again");
    }
  }

  Place PlaceOf(const Incompatibility& broken) const {
    const DesiredItem* item = broken.item.empty() ? nullptr : Wanted(broken.item);
    if (item != nullptr) return item->node->Find(broken.key) != nullptr ? item->At(broken.key) : item->At("name");
    const YamlNode& node = *desired_.node;
    if (broken.key == "items" || node.Find(broken.key) == nullptr) {
      return node.Find(broken.key) != nullptr ? node.AtKey(broken.key) : node.At("name");
    }
    const YamlNode& value = *node.Find(broken.key);
    return value.kind == YamlNode::Kind::kText ? value.place : node.AtKey(broken.key);
  }

  const DesiredResource& desired_;
  const v1::Resource* before_;
  v1::Resource& after_;
  Findings& findings_;
};

void AddPart(std::string& parts, const std::string& label, const std::vector<std::string>& names) {
  if (names.empty()) return;
  parts += parts.empty() ? "" : "; ";
  parts += label + ": ";
  for (size_t i = 0; i < names.size(); ++i) parts += (i == 0 ? "" : ", ") + names[i];
}

}  // namespace

void PlanResource(const DesiredResource& desired, const v1::Resource* before, v1::Resource& after, Findings& findings) {
  ResourcePlanner(desired, before, after, findings).Run();
}

std::string DescribeResourceChange(const v1::Resource* before, const v1::Resource& after) {
  const auto plural = [](size_t count, const std::string& word) {
    return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
  };
  const auto live =
      std::count_if(after.items().begin(), after.items().end(), [](const auto& item) { return !item.retired(); });
  const auto policy_of = [](const v1::Resource* resource) {
    return resource != nullptr && resource->has_snapshots() ? PolicyFrom(resource->snapshots()) : SnapshotPolicy();
  };
  const std::string snapshots = DescribePolicyChange(policy_of(before), policy_of(&after));
  std::string parts;
  if (before == nullptr) {
    parts = plural(static_cast<size_t>(live), "item") + ", " + plural(after.partitions(), "partition");
    if (!snapshots.empty()) AddPart(parts, "snapshots", {snapshots});
    return "new (" + parts + ")";
  }
  if (before->schema_version() == after.schema_version()) {
    if (!snapshots.empty()) AddPart(parts, "snapshots", {snapshots});
    return "changed (" + (parts.empty() ? "titles" : parts) + ")";
  }
  std::vector<std::string> added, retired, returned, optional;
  for (const v1::Item& item : after.items()) {
    const auto old = std::find_if(before->items().begin(), before->items().end(),
                                  [&](const v1::Item& candidate) { return candidate.name() == item.name(); });
    if (old == before->items().end()) {
      (item.retired() ? retired : added).push_back(item.name());
    } else if (old->retired() != item.retired()) {
      (item.retired() ? retired : returned).push_back(item.name());
    } else if (old->required() != item.required()) {
      optional.push_back(item.name());
    }
  }
  AddPart(parts, "new items", added);
  AddPart(parts, "retired", retired);
  AddPart(parts, "back", returned);
  AddPart(parts, "optional now", optional);
  if (before->event_time_item() != after.event_time_item()) {
    AddPart(parts, "event time", {after.event_time_item().empty() ? "none" : after.event_time_item()});
  }
  if (!snapshots.empty()) AddPart(parts, "snapshots", {snapshots});
  return "schema version " + std::to_string(after.schema_version()) + " (" + parts + ")";
}

}  // namespace datong::catalog
