// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <set>
#include <string_view>
#include <unordered_map>

#include "exchange_core/index/entity_index.h"
#include "exchange_core/pipeline/lane.h"
#include "tests/simulation/judges/expected_deliveries.h"
#include "tests/simulation/judges/judge.h"

// When all has arrived, a subscriber's state is the present state of a naive exchange: in its state file, or when it
// applies the changes it got. The exchange's own index has as many present keys.
namespace datong::simulation {
namespace {

// What a subscriber may hold of a key. More than one only for events, whose key may lie in several lanes.
using Present = std::unordered_map<std::string_view, std::vector<const Change*>>;
using Held = std::unordered_map<std::string_view, const ReceivedRecord*>;

bool IsDelete(const Change& change) { return change.verdict == ledger::Verdict::kDeleted; }

// What one lane delivers, applied one after another. A refused row leaves the key as it was.
void Apply(const SubscriptionPlan& plan, const std::vector<const Change*>& changes,
           std::unordered_map<std::string_view, const Change*>& present) {
  for (const Change* change : changes) {
    if (IsDelete(*change)) {
      present.erase(change->digest);
    } else if (!IsRefused(plan, *change)) {
      present[change->digest] = change;
    }
  }
}

Present StateOwedTo(const SubscriptionPlan& plan, const Evidence& evidence) {
  Present owed;
  const ExpectedDeliveries expected = DeliveriesOwedTo(plan, evidence);
  for (const auto& [lane, deliveries] : expected.lanes) {
    std::unordered_map<std::string_view, const Change*> present;
    Apply(plan, deliveries.again, present);
    Apply(plan, deliveries.stream, present);
    for (const auto& [key, change] : present) owed[key].push_back(change);
  }
  // Where nothing was refused a register's state is that of the naive exchange, however it came about.
  if (!evidence.departments.resources.at(plan.resource).entity) return owed;
  for (const auto& [key, change] : evidence.naive.resources().at(plan.resource).present) {
    if (!IsRefused(plan, change)) owed[change.digest] = {&change};
  }
  return owed;
}

Held StateHeldBy(const SubscriptionPlan& plan, const Received& received) {
  Held held;
  for (const ReceivedRecord& record : received.records) {
    if (!plan.state_form && record.operation == "delete") {
      held.erase(record.key);
    } else {
      held[record.key] = &record;
    }
  }
  return held;
}

void LookAtSubscription(const SubscriptionPlan& plan, const Received& received, const Evidence& evidence,
                        Judgement& judgement) {
  const Present owed = StateOwedTo(plan, evidence);
  const Held held = StateHeldBy(plan, received);
  const std::string name = absl::StrCat("subscription ", plan.name, ": ");
  for (const auto& [key, record] : held) {
    ++judgement.looked_at;
    const auto candidates = owed.find(key);
    if (candidates == owed.end()) {
      judgement.Complain(absl::StrCat(name, "holds a key that is not present: ", Describe(*record)));
      continue;
    }
    std::string difference;
    for (const Change* change : candidates->second) {
      difference = DifferenceOf(*record, plan, *change);
      if (difference.empty()) break;
    }
    if (!difference.empty()) {
      judgement.Complain(absl::StrCat(name, "holds another state: ", difference, "; ", Describe(*record),
                                      "; should be ", Describe(*candidates->second.front())));
    }
  }
  for (const auto& [key, candidates] : owed) {
    ++judgement.looked_at;
    if (held.contains(key)) continue;
    judgement.Complain(absl::StrCat(name, "does not hold what is present: ", Describe(*candidates.front())));
  }
}

void LookAtIndex(const catalog::Resource& resource, const NaiveExchange::ResourceState& naive, node::Exchange& exchange,
                 Judgement& judgement) {
  std::map<uint32_t, uint64_t> present;
  for (const auto& [key, change] : naive.present) ++present[change.partition];
  for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
    ++judgement.looked_at;
    uint64_t live = 0;
    const uint32_t lane = catalog::LaneOf(resource, partition, exchange.lanes());
    exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
      if (const index::EntityIndex* index = view.entity_index(resource.id, partition)) live = index->live();
    });
    if (live == present[partition]) continue;
    judgement.Complain(absl::StrCat("resource ", resource.name, " partition ", partition, ", lane ", lane,
                                    ": the index holds ", live, " present keys, there are ", present[partition]));
  }
}

}  // namespace

Judgement PresentStateEqualsNaive(const Evidence& evidence) {
  Judgement judgement;
  static const Received nothing;
  for (const auto& [name, plan] : evidence.departments.subscriptions) {
    if (!evidence.settled || plan.suspended || plan.ended || plan.start == SubscriptionPlan::Start::kNow) continue;
    if (!evidence.naive.resources().contains(plan.resource)) continue;
    const auto received = evidence.received.find(name);
    LookAtSubscription(plan, received == evidence.received.end() ? nothing : received->second, evidence, judgement);
  }
  const auto catalog = evidence.exchange.catalog();
  for (const auto& [name, state] : evidence.naive.resources()) {
    const catalog::Resource* resource = catalog->FindResource(name);
    if (resource == nullptr || !evidence.departments.resources.at(name).entity) continue;
    LookAtIndex(*resource, state, evidence.exchange, judgement);
  }
  return judgement;
}

}  // namespace datong::simulation
