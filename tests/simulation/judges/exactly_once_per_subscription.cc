// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <set>
#include <tuple>

#include "tests/simulation/judges/expected_deliveries.h"
#include "tests/simulation/judges/judge.h"

// What is accepted reaches every subscription once: nothing missing, nothing twice, nothing else, in the order of its
// lane, with the content that was published. What its sink refused counts as delivered, and must have no form there.
namespace datong::simulation {
namespace {

using ledger::Verdict;

std::string_view OperationOf(Verdict verdict) {
  if (verdict == Verdict::kDeleted) return "delete";
  return verdict == Verdict::kInserted ? "insert" : "update";
}

// One numbering: a lane's part of the stream, or what it sent again.
struct Numbering {
  const std::vector<const Change*>* owed = nullptr;
  uint64_t first = 1;  // sequence of owed[0]
  uint64_t next = 1;
  std::set<uint64_t> refused;
  uint64_t end() const { return first + owed->size(); }
};

class SubscriptionJudge {
 public:
  SubscriptionJudge(const SubscriptionPlan& plan, const Evidence& evidence, Judgement& judgement)
      : plan_(plan), evidence_(evidence), judgement_(judgement), expected_(DeliveriesOwedTo(plan, evidence)) {
    for (const auto& [lane, owed] : expected_.lanes) {
      numberings_[{false, lane}] = {&owed.again, 1, 1, {}};
      numberings_[{true, lane}] = {&owed.stream, owed.start.stream_sequence, owed.start.stream_sequence, {}};
    }
  }

  void Look(const Received& received) {
    for (const std::string& complaint : expected_.complaints) judgement_.Complain(complaint);
    for (const std::string& complaint : received.complaints) judgement_.Complain(complaint);
    for (const RefusedAtSink& refused : received.refused) TakeRefused(refused);
    if (plan_.state_form) return;  // of a state only refusals have sequences
    for (const ReceivedRecord& record : received.records) Take(record);
    bool stream_begun = false;
    for (auto& [place, numbering] : numberings_) {
      PassRefused(numbering);
      stream_begun = stream_begun || (place.first && numbering.next != numbering.first);
    }
    const bool all = evidence_.settled && !plan_.suspended && !plan_.ended;
    for (const auto& [place, numbering] : numberings_)
      LookAtEnd(place, numbering, all || (!place.first && stream_begun));
  }

 private:
  using Place = std::pair<bool, uint32_t>;  // through the stream; lane

  std::string Where(const Place& place, uint64_t sequence) const {
    return absl::StrCat("subscription ", plan_.name, ", ", place.first ? "stream" : "sent again", ", lane ",
                        place.second, ", sequence ", sequence);
  }

  void TakeRefused(const RefusedAtSink& refused) {
    ++judgement_.looked_at;
    const Place place{CameThroughStream(refused.path), refused.lane};
    const std::string where = Where(place, refused.sequence);
    const auto found = numberings_.find(place);
    if (found == numberings_.end() || refused.sequence < found->second.first ||
        refused.sequence >= found->second.end()) {
      return judgement_.Complain(absl::StrCat(where, ": refused, but nothing has that number; ", refused.path));
    }
    const Change& change = *(*found->second.owed)[refused.sequence - found->second.first];
    if (!IsRefused(plan_, change)) {
      judgement_.Complain(absl::StrCat(where, ": refused, but it can be written: ", Describe(change)));
    }
    if (!found->second.refused.insert(refused.sequence).second) {
      judgement_.Complain(absl::StrCat(where, ": refused twice; ", refused.path));
    }
  }

  static void PassRefused(Numbering& numbering) {
    while (numbering.refused.erase(numbering.next) != 0) ++numbering.next;
  }

  void Take(const ReceivedRecord& record) {
    ++judgement_.looked_at;
    const Place place{CameThroughStream(record.path), record.lane};
    const auto where = [&] { return Where(place, record.sequence); };
    const auto found = numberings_.find(place);
    if (found == numberings_.end()) {
      return judgement_.Complain(
          absl::StrCat(where(), ": the lane has not begun this subscription; ", Describe(record)));
    }
    Numbering& numbering = found->second;
    PassRefused(numbering);
    if (record.sequence != numbering.next) {
      const char* what = record.sequence < numbering.next ? "twice, or too late" : "something before it is missing";
      judgement_.Complain(absl::StrCat(where(), ": ", what, ", ", numbering.next, " is next; ", Describe(record)));
    }
    numbering.next = record.sequence + 1;
    if (record.sequence < numbering.first || record.sequence >= numbering.end()) {
      return judgement_.Complain(absl::StrCat(where(), ": it should get ", numbering.owed->size(), " from ",
                                              numbering.first, " on; ", Describe(record)));
    }
    LookAtContent(record, place, *(*numbering.owed)[record.sequence - numbering.first]);
  }

  void LookAtContent(const ReceivedRecord& record, const Place& place, const Change& change) {
    const std::string_view operation =
        !place.first && expected_.again_as_inserts ? std::string_view("insert") : OperationOf(change.verdict);
    std::string difference = DifferenceOf(record, plan_, change);
    if (difference.empty() && record.operation != operation) difference = "another operation";
    if (difference.empty()) return;
    judgement_.Complain(absl::StrCat(Where(place, record.sequence), ": ", difference, "; received ", Describe(record),
                                     "; should be ", Describe(change)));
  }

  void LookAtEnd(const Place& place, const Numbering& numbering, bool all) {
    for (const uint64_t sequence : numbering.refused) {
      judgement_.Complain(absl::StrCat(Where(place, sequence), ": refused, but received as well, or something before ",
                                       "it is missing"));
    }
    if (all && numbering.next < numbering.end()) {
      const Change& change =
          *(*numbering.owed)[numbering.next < numbering.first ? 0 : numbering.next - numbering.first];
      judgement_.Complain(absl::StrCat(Where(place, numbering.next), ": never arrived, with ",
                                       numbering.end() - numbering.next, " missing at the end: ", Describe(change)));
    }
  }

  const SubscriptionPlan& plan_;
  const Evidence& evidence_;
  Judgement& judgement_;
  const ExpectedDeliveries expected_;
  std::map<Place, Numbering> numberings_;
};

}  // namespace

Judgement ExactlyOncePerSubscription(const Evidence& evidence) {
  Judgement judgement;
  static const Received nothing;
  for (const auto& [name, plan] : evidence.departments.subscriptions) {
    const auto received = evidence.received.find(name);
    SubscriptionJudge(plan, evidence, judgement).Look(received == evidence.received.end() ? nothing : received->second);
  }
  return judgement;
}

}  // namespace datong::simulation
