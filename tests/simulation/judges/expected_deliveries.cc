// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/judges/expected_deliveries.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "datong/ledger/v1/ledger.pb.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "tests/simulation/naive_rules.h"

namespace datong::simulation {
namespace {

using ledger::Verdict;
using Changes = std::vector<Change>;
using PlanStart = SubscriptionPlan::Start;

constexpr size_t kPositionDigits = 20;

record::Operation OperationOf(Verdict verdict) {
  if (verdict == Verdict::kDeleted) return record::Operation::kDelete;
  return verdict == Verdict::kInserted ? record::Operation::kInsert : record::Operation::kUpdate;
}

// The first `count` changes as a present state, in the order in which a lane sends it: by where the records lie.
std::vector<const Change*> PresentAfter(const Changes& changes, size_t count) {
  std::map<std::string_view, size_t> present;
  for (size_t i = 0; i < count; ++i) {
    if (changes[i].verdict == Verdict::kDeleted) {
      present.erase(changes[i].key);
    } else {
      present[changes[i].key] = i;
    }
  }
  // What a snapshot released lies where it was staged, not where it was released.
  std::vector<const Change*> state;
  for (const auto& [key, i] : present) state.push_back(&changes[i]);
  std::sort(state.begin(), state.end(), [](const Change* one, const Change* other) {
    return std::tie(one->partition, one->position, one->record) <
           std::tie(other->partition, other->position, other->record);
  });
  return state;
}

// Follows what a lane sent again of its history through the changes before the start.
class HistoryReader {
 public:
  HistoryReader(const SubscriptionPlan& plan, const Changes& changes, uint32_t lane, const std::string& publish_topic,
                const Evidence& evidence, ExpectedDeliveries& expected)
      : plan_(plan),
        changes_(changes),
        lane_(lane),
        publish_topic_(publish_topic),
        evidence_(evidence),
        expected_(expected),
        into_(expected.lanes[lane]) {}

  void Read(const Witness::Partition* sent) {
    for (size_t m = 0; sent != nullptr && m < sent->messages.size(); ++m) {
      const Witness::Message& message = sent->messages[m];
      if (message.lane != lane_) continue;
      const auto envelope = pipeline::DecodeDeliveryEnvelope(message.envelope);
      if (!envelope.ok()) return;  // the witness complains
      for (size_t i = 0; i < message.records.size(); ++i) {
        if (!Take(message, *envelope, i)) return;
      }
    }
    // An ended subscription is sent no more, and the lane calls that finished.
    if (into_.start.finished && !plan_.ended) SkipTo(into_.start.changes_before);
  }

 private:
  bool Take(const Witness::Message& message, const ledger::v1::DeliveryEnvelope& envelope, size_t i) {
    const Witness::SeenRecord& seen = message.records[i];
    const std::string place = absl::StrCat("subscription ", plan_.name, ", lane ", lane_, ", sent again as sequence ",
                                           message.first_sequence + i, " (", seen.file, " row ", seen.row, ")");
    const auto is_it = [&](const Change& change) {
      return change.partition == envelope.input_partition() && change.position == envelope.input_position() &&
             change.row == seen.row && change.file_sequence == seen.file_sequence &&
             (change.lacking == nullptr || seen.operation == record::Operation::kDelete);
    };
    const auto end = changes_.begin() + static_cast<ptrdiff_t>(into_.start.changes_before);
    const auto found = std::find_if(changes_.begin() + static_cast<ptrdiff_t>(next_), end, is_it);
    if (found == end) {
      expected_.complaints.push_back(absl::StrCat(place, ": no change before the start, or not in its place"));
      return false;
    }
    if (message.first_sequence + i != into_.again.size() + 1) {
      expected_.complaints.push_back(absl::StrCat(place, ": ", into_.again.size() + 1, " is next"));
      return false;
    }
    if (seen.operation != OperationOf(found->verdict)) {
      expected_.complaints.push_back(absl::StrCat(place, ": not the operation it was: ", Describe(*found)));
    }
    SkipTo(static_cast<size_t>(found - changes_.begin()));
    next_ = static_cast<size_t>(found - changes_.begin()) + 1;
    into_.again.push_back(&*found);
    return true;
  }

  // The changes up to here were not sent again: right only when they are no longer kept.
  void SkipTo(size_t end) {
    for (; next_ < end; ++next_) {
      const Change& change = changes_[next_];
      const Witness::Partition* partition = evidence_.witness.Find(publish_topic_, change.partition);
      if (partition != nullptr && change.position < partition->dropped_to) continue;
      expected_.complaints.push_back(absl::StrCat("subscription ", plan_.name, ", lane ", lane_,
                                                  ": not sent again, though it is kept: ", Describe(change)));
    }
  }

  const SubscriptionPlan& plan_;
  const Changes& changes_;
  const uint32_t lane_;
  const std::string publish_topic_;
  const Evidence& evidence_;
  ExpectedDeliveries& expected_;
  ExpectedLane& into_;
  size_t next_ = 0;  // change not yet sent
};

}  // namespace

ExpectedDeliveries DeliveriesOwedTo(const SubscriptionPlan& subscription, const Evidence& evidence) {
  ExpectedDeliveries expected;
  const auto plan = evidence.departments.resources.find(subscription.resource);
  const auto state = evidence.naive.resources().find(subscription.resource);
  const auto starts = evidence.naive.starts().find(subscription.name);
  const auto catalog = evidence.exchange.catalog();
  const catalog::Resource* resource = catalog->FindResource(subscription.resource);
  const catalog::Subscription* known = catalog->FindSubscription(subscription.name);
  if (plan == evidence.departments.resources.end() || state == evidence.naive.resources().end() ||
      starts == evidence.naive.starts().end() || resource == nullptr || known == nullptr) {
    return expected;  // no lane has begun it
  }
  expected.again_as_inserts = plan->second.entity && subscription.start == PlanStart::kPresentState;
  const Witness::Partition* sent = evidence.witness.Find(pipeline::AgainTopic(known->id), 0);
  for (const auto& [lane, start] : starts->second) {
    const Changes& changes = state->second.changes.at(lane);
    ExpectedLane& into = expected.lanes[lane];
    into.start = start;
    for (size_t i = start.changes_before; i < changes.size(); ++i) into.stream.push_back(&changes[i]);
    if (subscription.start == PlanStart::kNow) continue;
    if (expected.again_as_inserts) {
      into.again = PresentAfter(changes, start.changes_before);
    } else {
      HistoryReader(subscription, changes, lane, resource->publish_topic(), evidence, expected).Read(sent);
    }
  }
  return expected;
}

bool HasForm(const SubscriptionPlan& subscription, const std::string& value) {
  return !subscription.gbk || value.find(kNoFormInGbk) == std::string::npos;
}

bool IsRefused(const SubscriptionPlan& subscription, const Change& change) {
  return change.verdict != ledger::Verdict::kDeleted &&
         std::any_of(subscription.items.begin(), subscription.items.end(),
                     [&](const std::string& item) { return !HasForm(subscription, ValueOf(change.content(), item)); });
}

std::string DifferenceOf(const ReceivedRecord& record, const SubscriptionPlan& subscription, const Change& change) {
  if (record.key != change.digest) return absl::StrCat("key ", record.key, " instead of ", change.digest);
  if (!change.IsSaidBy(record.source_file, record.source_row, CameThroughStream(record.path))) return "another row";
  size_t present = 0;
  for (const std::string& item : subscription.items) {
    const std::string& value = ValueOf(change.content(), item);
    if (value.empty() || !HasForm(subscription, value)) continue;
    ++present;
    const auto received = record.values.find(item);
    if (received == record.values.end()) return absl::StrCat(item, " is missing, it is \"", value, "\"");
    if (received->second != value) return absl::StrCat(item, " = \"", received->second, "\", it is \"", value, "\"");
  }
  if (record.values.size() == present) return "";
  for (const auto& [item, value] : record.values) {
    const bool granted =
        std::find(subscription.items.begin(), subscription.items.end(), item) != subscription.items.end();
    if (const std::string& known = ValueOf(change.content(), item);
        !granted || known.empty() || !HasForm(subscription, known)) {
      return absl::StrCat(item, " = \"", value, "\", and it has none", granted ? "" : ", nor is it granted");
    }
  }
  return "";
}

bool CameThroughStream(const std::string& path) {
  const size_t ending = path.rfind('.');
  uint64_t position = 0;
  return ending != std::string::npos && ending >= kPositionDigits &&
         absl::SimpleAtoi(path.substr(ending - kPositionDigits, kPositionDigits), &position) && position >> 63 != 0;
}

std::string Describe(const Change& change) {
  return absl::StrCat(
      std::string(ledger::NameOf(change.verdict)), " ", change.key, " of ", change.dump->name, " row ", change.row,
      change.lacking == nullptr ? "" : absl::StrCat(", which ", change.lacking->name, " lacks"), " (entry ",
      change.lane_sequence, ", partition ", change.partition, " position ", change.position, ")");
}

std::string Describe(const ReceivedRecord& record) {
  return absl::StrCat(record.operation.empty() ? std::string("line") : record.operation, " of ", record.source_file,
                      " row ", record.source_row, ", key ", record.key, " in ", record.path);
}

}  // namespace datong::simulation
