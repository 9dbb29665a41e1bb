// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "tests/simulation/world.h"

namespace datong::simulation {
namespace {

constexpr char kDepartments[] = "departments: [{name: provider}, {name: user}]\nkey_domains: [{name: objects}]\n";

std::string ItemYaml(const std::string& item) {
  if (item == "code") return "{name: code, required: true}";
  if (item == "amount" || item == "rev") return absl::StrCat("{name: ", item, ", type: int64}");
  return item;
}

std::string PolicyYaml(const FullPlan& plan) {
  constexpr const char* kRules[] = {"quarantine", "first", "last"};
  return absl::StrCat("{same_key: ", kRules[static_cast<size_t>(plan.same_key)],
                      ", early_flow: ", plan.early_flow ? "true" : "false", ", ",
                      plan.vanish_records_max != 0 ? absl::StrCat("vanish_records_max: ", plan.vanish_records_max)
                                                   : absl::StrCat("vanish_share_max: ", plan.vanish_percent_max, "%"),
                      "}");
}

FullPlan DrawFullPlan(base::RandomSource& random) {
  constexpr uint32_t kPercents[] = {20, 20, 50, 100};
  FullPlan plan;
  plan.same_key = static_cast<FullPlan::SameKey>(random.Below(3));
  plan.early_flow = random.Below(4) == 0;
  plan.vanish_percent_max = kPercents[random.Below(4)];
  if (random.Below(4) == 0) plan.vanish_records_max = 1 + static_cast<uint32_t>(random.Below(4));
  return plan;
}

std::string ResourceYaml(const ResourcePlan& plan) {
  std::vector<std::string> items;
  for (const std::string& item : plan.items) items.push_back(ItemYaml(item));
  std::string yaml =
      absl::StrCat(kDepartments, "resources:\n- {name: ", plan.name,
                   ", provider: provider, key_domain: objects, kind: ", plan.entity ? "entity" : "event",
                   ", partitions: ", plan.partitions, ", key: [code], items: [", absl::StrJoin(items, ", "), "]");
  if (plan.versioned) yaml += ", version: rev";
  if (!plan.entity) absl::StrAppend(&yaml, ", id: [code, serial], window: ", plan.window_us / 1'000'000, "s");
  if (plan.has_full) absl::StrAppend(&yaml, ", snapshots: ", PolicyYaml(plan.full));
  absl::StrAppend(&yaml, "}\nconnectors:\n- {name: ", plan.name, "-in, kind: file, source: {resource: ", plan.name,
                  ", path: /in/", plan.name, "/*, watch: true}}\n");
  if (plan.has_full) {
    absl::StrAppend(&yaml, "- {name: ", plan.name, "-full, kind: file, source: {resource: ", plan.name,
                    ", path: /full/", plan.name, "/*, mode: full, watch: true}}\n");
  }
  return yaml;
}

std::string SubscriptionYaml(const SubscriptionPlan& plan) {
  using Start = SubscriptionPlan::Start;
  const char* start = plan.start == Start::kBeginning ? "beginning" : plan.start == Start::kNow ? "now" : "present";
  return absl::StrCat("{name: ", plan.name, ", grant: ", plan.name, "-grant, start: ", start,
                      plan.suspended ? ", suspended: true}" : "}");
}

std::string SinkYaml(const SubscriptionPlan& plan) {
  return absl::StrCat("{name: ", plan.name, "-out, kind: file, sink: {subscription: ", plan.name,
                      ", directory: ", plan.directory, ", form: ", plan.state_form ? "state" : "changes",
                      ", format: ", plan.json_lines ? "jsonl" : "csv", ", encoding: ", plan.gbk ? "gbk" : "utf-8",
                      "}}");
}

}  // namespace

std::string World::Apply(const std::string& yaml, std::string what) {
  const auto planned = holder_->exchange().ApplyCatalog(yaml, "simulation", false);
  if (!planned.ok()) {
    absl::StrAppend(&what, ", not applied: ", planned.status().message());
    if (disk_.answering() && !disk_was_full_) Complain("takes catalog changes", what);
  } else if (!planned->findings.empty()) {
    Complain("takes catalog changes", absl::StrCat(what, ": ", planned->findings.front().message, "\n", yaml));
  } else {
    catalog_version_ = holder_->exchange().catalog()->version();
  }
  TakeCatalog();
  return what;
}

// A change whose caller was told nothing, because the power went, may have happened or not.
void World::TakeCatalog() {
  const auto catalog = holder_->exchange().catalog();
  for (const auto& [name, plan] : proposed_.resources) {
    if (catalog->FindResource(name) != nullptr) departments_.resources.try_emplace(name, plan);
  }
  for (const auto& [name, plan] : proposed_.subscriptions) {
    if (catalog->NumberOf(catalog::ObjectKind::kSubscription, name) != 0) {
      departments_.subscriptions.try_emplace(name, plan);
    }
  }
  for (auto& [name, plan] : departments_.subscriptions) {
    const catalog::Subscription* known = catalog->FindSubscription(name);
    plan.ended = known == nullptr || !known->active;
    plan.suspended = known != nullptr && known->suspended;
  }
  for (const auto& [name, plan] : departments_.resources) {
    if (!plan.has_system || system_running_[name]) continue;
    auto& system = systems_[name];
    if (system == nullptr) system = std::make_unique<DepartmentSystem>(plan.items);
    runner::SourceRunnerOptions options;
    options.source = name + "-system";
    options.resource = name;
    options.rows_per_publish_max = limits_.rows_per_publish_max;
    system_runners_.push_back(
        std::make_unique<runner::SourceRunner>(std::move(options), NewSystemConnector(*system, random_),
                                               holder_->exchange().client(), scheduler_, clock_, random_, steps_));
    scheduler_.Add(*system_runners_.back());
    system_running_[name] = true;
  }
}

std::string World::AddResource() {
  if (!Start()) return "no resource: the exchange does not run";
  if (proposed_.resources.size() >= 4) return "no resource: there are four";
  ResourcePlan plan;
  plan.name = absl::StrCat("r", ++names_);
  plan.entity = random_.Below(3) != 0;
  plan.versioned = plan.entity && random_.Below(2) == 0;
  plan.partitions = 1 + static_cast<uint32_t>(random_.Below(4));
  if (!plan.entity) {
    // Passes often; passes a few times, and then a bucket of it holds what came at several times; never passes.
    constexpr base::TimeUs kWindowsS[] = {120, 400, 3650 * 24 * 3600};
    plan.window_us = base::TimeUs{1'000'000} * kWindowsS[random_.Below(3)];
  }
  plan.items = {"code"};
  if (!plan.entity) plan.items.push_back("serial");
  for (const char* item : {"name", "amount", "note", "secret"}) plan.items.push_back(item);
  if (plan.versioned) plan.items.push_back("rev");
  plan.has_system = random_.Below(3) != 0;
  plan.json_lines = random_.Below(3) == 0;
  plan.has_full = plan.entity && random_.Below(3) != 0;
  if (plan.has_full) plan.full = DrawFullPlan(random_);
  proposed_.resources[plan.name] = plan;
  disk_.Place(absl::StrCat("/in/", plan.name, "/.empty"), "");
  if (plan.has_full) disk_.Place(absl::StrCat("/full/", plan.name, "/.empty"), "");
  return Apply(ResourceYaml(plan),
               absl::StrCat(plan.entity ? "entity " : "event ", plan.name, plan.versioned ? " with versions" : "", ", ",
                            plan.partitions, " partitions", plan.has_system ? ", a system" : "",
                            plan.has_full ? ", full dumps " + PolicyYaml(plan.full) : ""));
}

std::string World::AddSubscription() {
  if (!Start()) return "no subscription: the exchange does not run";
  const ResourcePlan* resource = AnyResource(false);
  if (resource == nullptr || proposed_.subscriptions.size() >= 14) return "no subscription";
  SubscriptionPlan plan;
  plan.name = absl::StrCat("s", ++names_);
  plan.resource = resource->name;
  plan.all_items = random_.Below(3) == 0;
  for (const std::string& item : resource->items) {
    if (plan.all_items || (item != "secret" && random_.Below(3) != 0)) plan.items.push_back(item);
  }
  if (plan.items.empty()) plan.items = {"code"};
  // Few different views, so that some share a stream.
  if (!plan.all_items && random_.Below(2) == 0) plan.items = {"code", "name"};
  plan.start = static_cast<SubscriptionPlan::Start>(random_.Below(3));
  // A state that begins in the middle is none.
  plan.state_form = plan.start != SubscriptionPlan::Start::kNow && random_.Below(3) == 0;
  plan.json_lines = random_.Below(2) == 0;
  plan.gbk = random_.Below(3) == 0;
  plan.directory = "/out/" + plan.name;
  proposed_.subscriptions[plan.name] = plan;
  const std::string items = absl::StrJoin(plan.items, ", ");
  return Apply(absl::StrCat(kDepartments, "grants:\n- {name: ", plan.name, "-grant, resource: ", plan.resource,
                            ", department: user, purpose: simulation, items: ",
                            plan.all_items ? std::string("all") : absl::StrCat("[", items, "]"),
                            "}\nsubscriptions:\n- ", SubscriptionYaml(plan), "\nconnectors:\n- ", SinkYaml(plan), "\n"),
               absl::StrCat("subscription ", SubscriptionYaml(plan), " of ", plan.resource, " (", items, ") into ",
                            plan.state_form ? "state" : "changes", plan.json_lines ? ", jsonl" : ", csv",
                            plan.gbk ? ", gbk" : ""));
}

std::string World::EndSubscription() {
  if (!Start()) return "nothing ends: the exchange does not run";
  SubscriptionPlan* plan = AnySubscription();
  if (plan == nullptr) return "nothing ends";
  return Apply(absl::StrCat("subscriptions:\n- {name: ", plan->name,
                            ", retired: true}\nconnectors:\n- {name: ", plan->name, "-out, retired: true}\n"),
               plan->name + " retired");
}

std::string World::SuspendOrResume() {
  if (!Start()) return "nothing is suspended: the exchange does not run";
  SubscriptionPlan* plan = AnySubscription();
  if (plan == nullptr) return "nothing is suspended";
  SubscriptionPlan next = *plan;
  next.suspended = !next.suspended;
  return Apply(absl::StrCat("subscriptions:\n- ", SubscriptionYaml(next), "\n"),
               plan->name + (next.suspended ? " suspended" : " resumed"));
}

std::string World::RevokeGrant() {
  if (!Start()) return "nothing is revoked: the exchange does not run";
  SubscriptionPlan* plan = AnySubscription();
  if (plan == nullptr) return "nothing is revoked";
  return Apply(absl::StrCat("grants:\n- {name: ", plan->name, "-grant, revoked: true}\n"), plan->name + " revoked");
}

}  // namespace datong::simulation
