// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/catalog/change_planner.h"

#include <algorithm>
#include <utility>

#include "exchange_core/catalog/nearest_name.h"
#include "exchange_core/catalog/resource_planner.h"

namespace datong::catalog {
namespace {

std::string Word(ObjectKind kind) {
  constexpr std::array<const char*, kObjectKinds> kWords = {"department", "key domain",   "resource",
                                                            "grant",      "subscription", "connector"};
  return kWords[static_cast<size_t>(kind)];
}

std::string Quoted(ObjectKind kind, const std::string& name) { return Word(kind) + " '" + name + "'"; }

// How the file says that one ends.
std::string EndedWord(ObjectKind kind) { return kind == ObjectKind::kGrant ? "revoked" : "retired"; }

template <typename Objects, typename Plan>
void ForSound(const Objects& wanted, Plan plan) {
  for (const auto& object : wanted) {
    if (object.sound) plan(object);
  }
}

}  // namespace

ChangePlanner::ChangePlanner(const CatalogTable& table, base::TimeUs now, base::RandomSource& random,
                             Findings& findings)
    : table_(table), now_(now), random_(random), findings_(findings) {}

void ChangePlanner::Plan(const DesiredCatalog& wanted) {
  GiveNumbers(ObjectKind::kDepartment, wanted.departments);
  GiveNumbers(ObjectKind::kKeyDomain, wanted.key_domains);
  GiveNumbers(ObjectKind::kResource, wanted.resources);
  GiveNumbers(ObjectKind::kGrant, wanted.grants);
  GiveNumbers(ObjectKind::kSubscription, wanted.subscriptions);
  GiveNumbers(ObjectKind::kConnector, wanted.connectors);

  const auto number = [&](ObjectKind kind, const Desired& object) {
    const Named* named = FindNamed(kind, object.name);
    return named == nullptr ? 0 : named->number;
  };
  const auto plan_all = [&](ObjectKind kind, const auto& objects, auto plan) {
    ForSound(objects, [&](const auto& object) {
      if (const uint32_t given = number(kind, object)) (this->*plan)(object, given);
    });
  };
  plan_all(ObjectKind::kDepartment, wanted.departments, &ChangePlanner::PlanDepartment);
  plan_all(ObjectKind::kKeyDomain, wanted.key_domains, &ChangePlanner::PlanKeyDomain);
  for (const DesiredResource& resource : wanted.resources) {
    if (!resource.sound) resources_[number(ObjectKind::kResource, resource)] = std::nullopt;
  }
  plan_all(ObjectKind::kResource, wanted.resources, &ChangePlanner::PlanResourceOf);
  plan_all(ObjectKind::kGrant, wanted.grants, &ChangePlanner::PlanGrant);
  plan_all(ObjectKind::kSubscription, wanted.subscriptions, &ChangePlanner::PlanSubscription);
  plan_all(ObjectKind::kConnector, wanted.connectors, &ChangePlanner::PlanConnector);
  CheckNothingNeedsWhatEnds();
  CheckKafkaUsersDiffer(wanted.departments);
}

// Two departments with one user could each do what the other may.
void ChangePlanner::CheckKafkaUsersDiffer(const std::vector<DesiredDepartment>& wanted) {
  std::map<std::string, std::string> department_of;
  for (const auto& [number, department] : table_.departments()) {
    const bool is_wanted_otherwise = FindNamed(ObjectKind::kDepartment, department.name) != nullptr;
    if (!department.kafka_user.empty() && !is_wanted_otherwise) department_of[department.kafka_user] = department.name;
  }
  for (const DesiredDepartment& department : wanted) {
    if (department.kafka_user.empty() || department.retired) continue;
    const auto [other, fresh] = department_of.try_emplace(department.kafka_user, department.name);
    if (fresh) continue;
    findings_.Add(department.At("kafka_user"), "duplicate_name",
                  "the Kafka user '" + department.kafka_user + "' is that of " +
                      Quoted(ObjectKind::kDepartment, other->second) + " already",
                  "give each department a user of its own");
  }
}

template <typename Object>
void ChangePlanner::GiveNumbers(ObjectKind kind, const std::vector<Object>& wanted) {
  uint32_t next = table_.NextNumber(kind);
  auto& named = named_[static_cast<size_t>(kind)];
  for (const Object& object : wanted) {
    const Place place = object.At("name");
    uint32_t number = table_.NumberOf(kind, object.name);
    const bool lives = LivesInTable(kind, number);
    if (number == 0 && object.retired) {
      findings_.Add(place, "unknown_reference",
                    "there is no " + Quoted(kind, object.name) + " that could be " + EndedWord(kind),
                    DidYouMean(object.name, LiveNames(kind), "remove the entry"));
      continue;
    }
    if (number != 0 && !lives && !object.retired && kind != ObjectKind::kConnector) {
      findings_.Add(place, EndedWord(kind), Quoted(kind, object.name) + " is " + EndedWord(kind) + " and cannot return",
                    "make a new one under another name, or write '" + EndedWord(kind) + ": true' here",
                    "names and numbers are given once, so that what was recorded under them stays true");
      continue;
    }
    if (number == 0) number = next++;
    if (lives && object.retired) ending_[static_cast<size_t>(kind)][number] = place;
    named[object.name] = {number, object.retired, place};
  }
}

const ChangePlanner::Named* ChangePlanner::FindNamed(ObjectKind kind, const std::string& name) const {
  const auto& named = named_[static_cast<size_t>(kind)];
  const auto found = named.find(name);
  return found == named.end() ? nullptr : &found->second;
}

bool ChangePlanner::LivesInTable(ObjectKind kind, uint32_t number) const {
  switch (kind) {
    case ObjectKind::kDepartment:
      return table_.departments().contains(number);
    case ObjectKind::kKeyDomain:
      return table_.key_domains().contains(number);
    case ObjectKind::kResource:
      return table_.resources().contains(number);
    case ObjectKind::kConnector:
      return table_.connectors().contains(number);
    case ObjectKind::kGrant: {
      const Grant* grant = table_.FindGrant(number);
      return grant != nullptr && !grant->revoked;
    }
    case ObjectKind::kSubscription: {
      const Subscription* subscription = table_.FindSubscription(number);
      return subscription != nullptr && !subscription->retired;
    }
  }
  return false;
}

std::vector<std::string> ChangePlanner::LiveNames(ObjectKind kind) const {
  std::vector<std::string> names;
  const auto add = [&](const auto& objects) {
    for (const auto& [number, object] : objects) {
      if (LivesInTable(kind, number)) names.push_back(object.name);
    }
  };
  switch (kind) {
    case ObjectKind::kDepartment:
      add(table_.departments());
      break;
    case ObjectKind::kKeyDomain:
      add(table_.key_domains());
      break;
    case ObjectKind::kResource:
      add(table_.resources());
      break;
    case ObjectKind::kGrant:
      add(table_.grants());
      break;
    case ObjectKind::kSubscription:
      add(table_.subscriptions());
      break;
    case ObjectKind::kConnector:
      add(table_.connectors());
      break;
  }
  for (const auto& [name, named] : named_[static_cast<size_t>(kind)]) {
    if (!named.ended) names.push_back(name);
  }
  return names;
}

uint32_t ChangePlanner::Resolve(ObjectKind kind, const std::string& name, Place place, bool ended_too) {
  const Named* named = FindNamed(kind, name);
  const uint32_t number = named != nullptr ? named->number : table_.NumberOf(kind, name);
  const bool lives = named != nullptr ? !named->ended : LivesInTable(kind, number);
  if (number != 0 && (lives || ended_too)) return number;
  if (number != 0) {
    findings_.Add(place, "unknown_reference", Quoted(kind, name) + " is " + EndedWord(kind),
                  "name another " + Word(kind));
  } else {
    findings_.Add(place, "unknown_reference", "there is no " + Quoted(kind, name),
                  DidYouMean(name, LiveNames(kind), "add it to this file, or name another"));
  }
  return 0;
}

void ChangePlanner::RefuseChange(const Desired& wanted, std::string_view key, std::string message, std::string next,
                                 std::string why) {
  const YamlNode* value = wanted.node->Find(key);
  const Place place = value == nullptr                       ? wanted.At("name")
                      : value->kind == YamlNode::Kind::kText ? value->place
                                                             : wanted.node->AtKey(key);
  findings_.Add(place, "breaking_change", std::move(message), std::move(next), std::move(why));
}

void ChangePlanner::Say(ObjectKind kind, const std::string& name, const std::string& what) {
  summary_.push_back(Word(kind) + " " + name + ": " + what);
}

void ChangePlanner::CheckNothingNeedsWhatEnds() {
  const auto ends = [&](ObjectKind kind, uint32_t number) {
    return ending_[static_cast<size_t>(kind)].contains(number);
  };
  for (const auto& [number, resource] : table_.resources()) {
    if (ends(ObjectKind::kResource, number)) continue;
    RefuseEnd(ObjectKind::kDepartment, resource.provider_id, ObjectKind::kResource, resource.name);
    RefuseEnd(ObjectKind::kKeyDomain, resource.key_domain_id, ObjectKind::kResource, resource.name);
  }
  for (const auto& [number, grant] : table_.grants()) {
    if (grant.revoked || ends(ObjectKind::kGrant, number)) continue;
    RefuseEnd(ObjectKind::kDepartment, grant.department_id, ObjectKind::kGrant, grant.name);
    RefuseEnd(ObjectKind::kResource, grant.resource_id, ObjectKind::kGrant, grant.name);
  }
  for (const auto& [number, connector] : table_.connectors()) {
    if (connector.sink || ends(ObjectKind::kConnector, number)) continue;
    RefuseEnd(ObjectKind::kResource, table_.NumberOf(ObjectKind::kResource, connector.resource), ObjectKind::kConnector,
              connector.name);
  }
}

void ChangePlanner::RefuseEnd(ObjectKind kind, uint32_t number, ObjectKind by_kind, const std::string& by_name) {
  const auto& ending = ending_[static_cast<size_t>(kind)];
  const auto found = ending.find(number);
  if (found == ending.end()) return;
  findings_.Add(found->second, "in_use", "this " + Word(kind) + " is still needed by " + Quoted(by_kind, by_name),
                "write '" + EndedWord(by_kind) + ": true' for " + Quoted(by_kind, by_name) + " as well");
}

}  // namespace datong::catalog
