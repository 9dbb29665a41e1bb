// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/compatibility.h"

#include <algorithm>

#include "datong/catalog/v1/catalog.pb.h"
#include "exchange_core/catalog/catalog_yaml.h"

namespace datong::catalog {
namespace {

const char kContentWhy[] =
    "it decides which records count as unchanged: every record stored so far would be judged differently";
const char kNewResource[] = "make a new resource";
const char kNewItem[] = "add a new item and mark this one 'retired: true'";

std::string TypeWord(v1::ItemType type) { return ItemTypeWord(static_cast<record::ItemType>(type)); }

template <typename Names>
std::string Joined(const Names& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined.empty() ? "none" : joined;
}

template <typename Names>
bool Same(const Names& a, const Names& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

const v1::Item* FindItem(const v1::Resource& resource, const std::string& name) {
  for (const v1::Item& item : resource.items()) {
    if (item.name() == name) return &item;
  }
  return nullptr;
}

// Changes of the resource itself.
class ResourceComparison {
 public:
  ResourceComparison(const v1::Resource& before, const v1::Resource& after, std::vector<Incompatibility>& found)
      : before_(before), after_(after), found_(found) {}

  void Run() {
    if (before_.provider_id() != after_.provider_id()) {
      Add("provider", "the provider cannot change", "records carry their publisher, and grants rest on it",
          kNewResource);
    }
    if (before_.key_domain_id() != after_.key_domain_id()) {
      Add("key_domain", "the key domain cannot change", "every stored digest was made with the secret of the old one",
          kNewResource);
    }
    if (before_.kind() != after_.kind()) {
      Add("kind", "the kind cannot change",
          "entities keep a present state, events do not: what is stored cannot turn into the other", kNewResource);
    }
    if (before_.partitions() != after_.partitions()) {
      Add("partitions",
          "the number of partitions cannot change from " + std::to_string(before_.partitions()) + " to " +
              std::to_string(after_.partitions()),
          "records of one key would be found in two partitions, and their order lost", kNewResource);
    }
    CompareNames("key", "the key items", before_.key_items(), after_.key_items(),
                 "every stored key digest was made from the old ones");
    CompareNames("id", "the id items", before_.id_items(), after_.id_items(),
                 "records known by the old ids would be taken for new ones");
    if (before_.version_item() != after_.version_item()) {
      Add("version", "the version item cannot change" + FromTo(before_.version_item(), after_.version_item()),
          "stored versions could not be compared with new ones", kNewResource);
    }
  }

 private:
  static std::string FromTo(const std::string& from, const std::string& to) {
    return " from " + (from.empty() ? "none" : "'" + from + "'") + " to " + (to.empty() ? "none" : "'" + to + "'");
  }
  template <typename Names>
  void CompareNames(const char* key, const std::string& what, const Names& before, const Names& after,
                    const char* why) {
    if (Same(before, after)) return;
    Add(key, what + " cannot change (were: " + Joined(before) + "; now: " + Joined(after) + ")", why, kNewResource);
  }
  void Add(std::string key, const std::string& message, std::string why, std::string next) {
    found_.push_back(
        {"", std::move(key), "resource '" + before_.name() + "': " + message, std::move(why), std::move(next)});
  }

  const v1::Resource& before_;
  const v1::Resource& after_;
  std::vector<Incompatibility>& found_;
};

bool IdentifiedByContent(const v1::Resource& resource) {
  return resource.kind() == v1::EVENT && resource.id_items().empty();
}

// Changes of one item that stays.
void CompareItem(const v1::Resource& resource, const v1::Item& before, const v1::Item& after,
                 std::vector<Incompatibility>& found) {
  const auto add = [&](const char* key, const std::string& message, const char* why, const std::string& next) {
    found.push_back({before.name(), key, "item '" + before.name() + "': " + message, why, next});
  };
  if (before.type() != after.type()) {
    add("type", "its type cannot change from " + TypeWord(before.type()) + " to " + TypeWord(after.type()),
        before.retired() ? "it is retired, but stored records still hold values of the old type"
                         : "stored records hold values of the old type",
        before.retired() ? "choose another name for the new item" : kNewItem);
  }
  if (before.field_number() != after.field_number()) {
    add("field",
        "its field number cannot change from " + std::to_string(before.field_number()) + " to " +
            std::to_string(after.field_number()),
        "stored records are read by field number", "leave 'field' out: the number is kept by itself");
  }
  if (before.not_compared() != after.not_compared()) {
    add("compared", "'compared' cannot change", kContentWhy, kNewItem);
  }
  if (before.empty_is_value() != after.empty_is_value()) {
    add("empty_is_value", "'empty_is_value' cannot change", kContentWhy, kNewItem);
  }
  if (before.ignore_case() != after.ignore_case() || before.ignore_spaces() != after.ignore_spaces() ||
      before.ignore_width() != after.ignore_width()) {
    add("same_spelling", "'same_spelling' cannot change",
        "it decides which records are of one object: every stored digest was made by the old rules", kNewResource);
  }
  if (!before.required() && after.required()) {
    add("required", "it cannot become required", "publishers that leave it out today would be turned away",
        "keep it optional, or make a new resource");
  }
  if (!before.retired() && after.retired() && !before.not_compared() && IdentifiedByContent(resource)) {
    add("retired", "it cannot be retired",
        "these events are identified by their content: sent again without the item, all of "
        "them would be taken for new ones",
        kNewResource);
  }
}

}  // namespace

std::vector<Incompatibility> FindIncompatibilities(const v1::Resource& before, const v1::Resource& after) {
  std::vector<Incompatibility> found;
  ResourceComparison(before, after, found).Run();
  for (const v1::Item& item : before.items()) {
    if (const v1::Item* still = FindItem(after, item.name())) {
      CompareItem(before, item, *still, found);
    } else if (!item.retired()) {
      found.push_back({item.name(), "items", "resource '" + before.name() + "': item '" + item.name() + "' is gone",
                       "stored records and grants still hold it; a renamed item is a new one",
                       "keep it, or write {name: " + item.name() + ", retired: true}"});
    } else {
      found.push_back({item.name(), "items",
                       "resource '" + before.name() + "': retired item '" + item.name() + "' is gone",
                       "its field number must stay reserved", "keep it as retired"});
    }
  }
  for (const v1::Item& item : after.items()) {
    if (item.required() && !item.retired() && FindItem(before, item.name()) == nullptr) {
      found.push_back({item.name(), "required", "item '" + item.name() + "': a later item cannot be required",
                       "publishers that do not send it yet would be turned away",
                       "make it optional, or make a new resource"});
    }
  }
  return found;
}

bool SchemaDiffers(const v1::Resource& before, const v1::Resource& after) {
  const auto same_item = [](const v1::Item& a, const v1::Item& b) {
    return a.name() == b.name() && a.field_number() == b.field_number() && a.type() == b.type() &&
           a.not_compared() == b.not_compared() && a.empty_is_value() == b.empty_is_value() &&
           a.required() == b.required() && a.ignore_case() == b.ignore_case() &&
           a.ignore_spaces() == b.ignore_spaces() && a.ignore_width() == b.ignore_width() && a.retired() == b.retired();
  };
  return !std::equal(before.items().begin(), before.items().end(), after.items().begin(), after.items().end(),
                     same_item) ||
         !Same(before.key_items(), after.key_items()) || !Same(before.id_items(), after.id_items()) ||
         before.version_item() != after.version_item() || before.event_time_item() != after.event_time_item() ||
         before.kind() != after.kind();
}

}  // namespace datong::catalog
