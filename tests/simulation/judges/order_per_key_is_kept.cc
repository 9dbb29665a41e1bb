// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "tests/simulation/judges/expected_deliveries.h"
#include "tests/simulation/judges/judge.h"

// What a subscription receives of one key it receives in the order in which it was decided. Records are recognised by
// what stands in them, not by their sequences. Events of a key may lie in several lanes; the order is that of a lane.
namespace datong::simulation {
namespace {

// The changes of one resource by key, in the naive order of a lane.
class ChangesByKey {
 public:
  explicit ChangesByKey(const NaiveExchange::ResourceState& state) {
    of_lane_.resize(state.changes.size());
    for (size_t lane = 0; lane < state.changes.size(); ++lane) {
      for (const Change& change : state.changes[lane]) of_lane_[lane][change.digest].push_back(&change);
    }
  }
  const std::vector<const Change*>* Find(uint32_t lane, const std::string& digest) const {
    if (lane >= of_lane_.size()) return nullptr;
    const auto found = of_lane_[lane].find(digest);
    return found == of_lane_[lane].end() ? nullptr : &found->second;
  }

 private:
  std::vector<std::unordered_map<std::string_view, std::vector<const Change*>>> of_lane_;
};

bool IsOf(const ReceivedRecord& record, const Change& change) {
  return change.IsSaidBy(record.source_file, record.source_row, CameThroughStream(record.path)) &&
         (record.operation == "delete") == (change.verdict == ledger::Verdict::kDeleted);
}

void LookAt(const SubscriptionPlan& plan, const ChangesByKey& changes, const Received& received, Judgement& judgement) {
  std::unordered_map<const std::vector<const Change*>*, size_t> passed;  // how many changes of a key lie behind
  for (const ReceivedRecord& record : received.records) {
    ++judgement.looked_at;
    const auto* of_key = changes.Find(record.lane, record.key);
    if (of_key == nullptr) {
      judgement.Complain(absl::StrCat("subscription ", plan.name, ", lane ", record.lane, ", sequence ",
                                      record.sequence, ": nothing of this key was ever accepted there; ",
                                      Describe(record)));
      continue;
    }
    size_t& behind = passed[of_key];
    const auto from = of_key->begin() + static_cast<ptrdiff_t>(behind);
    const auto found = std::find_if(from, of_key->end(), [&](const Change* change) { return IsOf(record, *change); });
    if (found == of_key->end()) {
      judgement.Complain(absl::StrCat(
          "subscription ", plan.name, ", lane ", record.lane, ", sequence ", record.sequence, ": not behind ",
          behind == 0 ? std::string("anything") : Describe(*(*of_key)[behind - 1]), "; ", Describe(record)));
      continue;
    }
    behind = static_cast<size_t>(found - of_key->begin()) + 1;
  }
}

}  // namespace

Judgement OrderPerKeyIsKept(const Evidence& evidence) {
  Judgement judgement;
  std::map<std::string, ChangesByKey> by_resource;
  for (const auto& [name, plan] : evidence.departments.subscriptions) {
    const auto received = evidence.received.find(name);
    const auto state = evidence.naive.resources().find(plan.resource);
    if (plan.state_form || received == evidence.received.end() || state == evidence.naive.resources().end()) continue;
    const auto& changes = by_resource.try_emplace(plan.resource, state->second).first->second;
    LookAt(plan, changes, received->second, judgement);
  }
  return judgement;
}

}  // namespace datong::simulation
