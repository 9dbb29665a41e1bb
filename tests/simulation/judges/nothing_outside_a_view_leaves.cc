// SPDX-License-Identifier: Apache-2.0
// What a grant does not let through is in no byte that leaves: not in the text of its items, not beside it in columns
// that tell of them, not in a record that travels along unselected.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/batch_codec.h"
#include "tests/simulation/judges/judge.h"

namespace datong::simulation {
namespace {

// What may not stand in a topic.
struct Hidden {
  std::set<std::string> items;
  bool version = false;     // the column repeats the version item
  bool event_time = false;  // likewise
  bool anything() const { return !items.empty(); }
};

// Texts of an item begin with it: "secret:17".
std::string MarkerOf(const std::string& item) { return item + ":"; }

class LeakJudge {
 public:
  explicit LeakJudge(const Evidence& evidence) : evidence_(evidence), catalog_(evidence.exchange.catalog()) {}

  Judgement Judge() {
    for (const auto& [id, view] : catalog_->views()) HideByView(view);
    for (const auto& [id, subscription] : catalog_->subscriptions()) HideByPlan(subscription);
    for (const auto& [place, partition] : evidence_.witness.partitions()) {
      const bool leaves = absl::StartsWith(place.first, "deliver.") || absl::StartsWith(place.first, "again.");
      if (!leaves || partition.messages.empty()) continue;
      const auto hidden = hidden_.find(place.first);
      if (hidden == hidden_.end()) {
        judgement_.Complain(
            absl::StrCat(place.first, " holds messages, and the catalog knows nobody who may get them"));
        continue;
      }
      for (const Witness::Message& message : partition.messages) LookAt(place.first, hidden->second, message);
    }
    for (const auto& [name, received] : evidence_.received) LookAt(name, received);
    return std::move(judgement_);
  }

 private:
  void HideByView(const catalog::View& view) {
    Hidden& hidden = hidden_[view.stream_topic()];
    const catalog::Resource* resource = catalog_->FindResource(view.resource_id);
    if (resource == nullptr) return;
    const record::RecordSchema& schema = *resource->schema;
    const auto hides = [&](const record::Item& item) {
      return !view.item_fields.empty() &&
             std::find(view.item_fields.begin(), view.item_fields.end(), item.field_number) == view.item_fields.end();
    };
    for (const record::Item& item : schema.items) {
      if (hides(item)) hidden.items.insert(item.name);
    }
    hidden.version = schema.version_item >= 0 && hides(schema.items[static_cast<size_t>(schema.version_item)]);
    hidden.event_time = schema.event_time_item >= 0 && hides(schema.items[static_cast<size_t>(schema.event_time_item)]);
  }

  // The catalog is the exchange's own word; the departments know what they granted.
  void HideByPlan(const catalog::Subscription& subscription) {
    const catalog::View* view = catalog_->FindView(subscription.view_id);
    if (view == nullptr) return;
    Hidden& again = hidden_[pipeline::AgainTopic(subscription.id)];
    Hidden& stream = hidden_[view->stream_topic()];
    const auto plan = evidence_.departments.subscriptions.find(subscription.name);
    if (plan != evidence_.departments.subscriptions.end()) {
      for (const std::string& item : HiddenItems(plan->second)) stream.items.insert(item);
    }
    again = stream;
  }

  std::set<std::string> HiddenItems(const SubscriptionPlan& plan) const {
    std::set<std::string> items;
    const auto resource = evidence_.departments.resources.find(plan.resource);
    if (resource == evidence_.departments.resources.end() || plan.all_items) return items;
    items.insert(resource->second.items.begin(), resource->second.items.end());
    for (const std::string& item : plan.items) items.erase(item);
    return items;
  }

  void LookAt(const std::string& topic, const Hidden& hidden, const Witness::Message& message) {
    ++judgement_.looked_at;
    const auto complain = [&](const auto&... what) {
      judgement_.Complain(absl::StrCat(topic, " position ", message.position, " (lane ", message.lane, ", sequence ",
                                       message.first_sequence, "): ", what...));
    };
    if (const absl::Status decoded = record::DecodeColumns(message.body, packed_); !decoded.ok()) {
      return complain(std::string(decoded.message()));
    }
    // Nobody but the provider sees what was held back, not even inside the provider's own untouched batch.
    const record::RecordColumns& columns = packed_.columns;
    if (std::count(columns.operation.begin(), columns.operation.end(), record::Operation::kUnreadable) != 0) {
      complain("an unreadable row leaves with it");
    }
    if (!hidden.anything()) return;
    // The whole payload: also of records that the envelope does not select.
    if (const absl::Status opened = record::DecodePayload(packed_, payload_); !opened.ok()) {
      return complain(std::string(opened.message()));
    }
    for (const std::string& item : hidden.items) {
      const std::string marker = MarkerOf(item);
      for (const auto& [part, bytes] : {std::pair<const char*, const std::string&>{"payload", payload_},
                                        {"stored body", message.body},
                                        {"envelope", message.envelope}}) {
        if (bytes.find(marker) != std::string::npos) complain("its ", part, " holds a value of the hidden item ", item);
      }
    }
    const auto is_zero = [](const auto& value) { return value == std::decay_t<decltype(value)>(); };
    if (!std::all_of(columns.fingerprint.begin(), columns.fingerprint.end(), is_zero)) {
      complain("its fingerprints tell when a hidden item changed");
    }
    if (hidden.version && !std::all_of(columns.version.begin(), columns.version.end(), is_zero)) {
      complain("its version column repeats a hidden item");
    }
    if (hidden.event_time && !std::all_of(columns.event_time.begin(), columns.event_time.end(), is_zero)) {
      complain("its event times repeat a hidden item");
    }
    if (!packed_.header.resume_position.empty()) complain("it holds where its source goes on");
  }

  void LookAt(const std::string& name, const Received& received) {
    const auto found = evidence_.departments.subscriptions.find(name);
    if (found == evidence_.departments.subscriptions.end()) return;
    const SubscriptionPlan& plan = found->second;
    judgement_.looked_at += received.records.size();
    const auto resource = evidence_.departments.resources.find(plan.resource);
    for (const std::string& column : received.columns) {
      const bool granted =
          plan.all_items ? resource == evidence_.departments.resources.end() || Holds(resource->second.items, column)
                         : Holds(plan.items, column);
      if (!granted) {
        judgement_.Complain(absl::StrCat("subscription ", name, ": its files have column ", column,
                                         ", which its grant does not let through"));
      }
    }
    for (const std::string& item : HiddenItems(plan)) {
      const size_t at = received.raw.find(MarkerOf(item));
      if (at == std::string::npos) continue;
      judgement_.Complain(absl::StrCat("subscription ", name, ": its files hold a value of the hidden item ", item,
                                       ": ", received.raw.substr(at, 40)));
    }
  }

  static bool Holds(const std::vector<std::string>& items, const std::string& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
  }

  const Evidence& evidence_;
  const std::shared_ptr<const catalog::CatalogTable> catalog_;
  std::map<std::string, Hidden> hidden_;  // by topic
  record::PackedBatch packed_;            // memory reused
  std::string payload_;
  Judgement judgement_;
};

}  // namespace

Judgement NothingOutsideAViewLeaves(const Evidence& evidence) { return LeakJudge(evidence).Judge(); }

}  // namespace datong::simulation
