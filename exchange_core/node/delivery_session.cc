// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/delivery_session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/receipt_writer.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/digest_purpose.h"

namespace datong::node {
namespace {

class LocalDeliverySession final : public client::DeliverySession {
 public:
  LocalDeliverySession(ExchangeState& state, SubscriptionFacts facts)
      : state_(state),
        facts_(std::move(facts)),
        topics_({pipeline::AgainTopic(facts_.id), facts_.stream_topic}),
        receipts_(state, facts_.id, facts_.stream_topic),
        reader_(*state.options.broker, facts_.id, facts_.stream_topic, facts_.schema) {}

  ~LocalDeliverySession() override {
    if (listening_ != 0) state_.delivery_listeners.Remove(topics_, listening_);
  }
  absl::Status Open() {
    RETURN_IF_ERROR(receipts_.Settle());
    return reader_.Open(receipts_.acknowledged());
  }
  const record::RecordSchema& schema() const override { return facts_.schema; }
  std::string identity() const override { return facts_.identity; }
  uint64_t next_position() const override { return PositionOf(receipts_.acknowledged()); }
  absl::StatusOr<Fetched> Fetch(size_t records_max) override {
    const bool may_fetch = MayFetch();
    ASSIGN_OR_RETURN(Fetched fetched,
                     reader_.Fetch(records_max, receipts_.acknowledged(), may_fetch ? starts_ : LaneStarts()));
    // Where lanes work elsewhere too, their commits are not told here; nor is it told that a lane begins.
    fetched.will_tell = may_fetch && all_sent_again_ && !state_.options.works_on;
    return fetched;
  }
  void Listen(std::function<void()> listener) override {
    listening_ = state_.delivery_listeners.Add(topics_, listener);
  }
  absl::Status Acknowledge(uint64_t next_position, const std::vector<client::RefusedDelivery>& refused) override;

 private:
  bool MayFetch();

  ExchangeState& state_;
  const SubscriptionFacts facts_;
  const std::vector<std::string> topics_;
  ReceiptWriter receipts_;
  DeliveryReader reader_;
  uint64_t listening_ = 0;
  bool all_sent_again_ = false;
  LaneStarts starts_;
};

// Not while suspended or revoked, not beyond the end of its grant, and not before every lane has begun the
// subscription.
bool LocalDeliverySession::MayFetch() {
  const auto catalog = state_.Catalog();
  const catalog::Resource* resource = catalog->FindResource(facts_.resource_id);
  if (resource == nullptr || !MayHandOut(state_, *catalog, facts_.id).ok()) return false;
  if (all_sent_again_) return true;
  starts_ = LaneStartsOf(state_, facts_.id, *resource);
  all_sent_again_ = !starts_.empty() && std::all_of(starts_.begin(), starts_.end(),
                                                    [](const auto& start) { return start.second.sent_again; });
  return !starts_.empty();
}

absl::Status LocalDeliverySession::Acknowledge(uint64_t next_position,
                                               const std::vector<client::RefusedDelivery>& refused) {
  RETURN_IF_ERROR(receipts_.Settle());
  reader_.Forget(this->next_position());
  if (next_position <= this->next_position()) return absl::OkStatus();  // in doubt before, it had landed
  RETURN_IF_ERROR(receipts_.Write(reader_.After(receipts_.acknowledged(), next_position), refused));
  reader_.Forget(next_position);
  return absl::OkStatus();
}

// The resource's schema, cut down to the items the view lets through.
record::RecordSchema SchemaOf(const catalog::Resource& resource, const catalog::View& view) {
  record::RecordSchema schema = *resource.schema;
  schema.items.clear();
  for (const record::Item& item : resource.schema->items) {
    if (view.projection->Passes(item.field_number)) schema.items.push_back(item);
  }
  const auto kept = [&](uint32_t index) -> int {
    return schema.IndexOfField(resource.schema->items[index].field_number);
  };
  schema.key_items.clear();
  for (const uint32_t item : resource.schema->key_items) {
    if (kept(item) >= 0) schema.key_items.push_back(static_cast<uint32_t>(kept(item)));
  }
  schema.id_items.clear();
  schema.version_item = -1;
  schema.event_time_item = -1;
  return schema;
}

// The secret of the key domain makes it this exchange's.
std::string IdentityOf(const catalog::KeyDomain& domain, uint32_t subscription_id) {
  const std::string named = absl::StrCat(std::string(1, record::kSubscriptionPurpose), subscription_id);
  return base::ToHex(base::KeyedDigest(domain.key, named));
}

}  // namespace

LaneStarts LaneStartsOf(ExchangeState& state, uint32_t subscription_id, const catalog::Resource& resource) {
  LaneStarts starts;
  for (uint32_t lane = 0; lane < state.lanes.size(); ++lane) {
    if (!pipeline::LaneServes(lane, static_cast<uint32_t>(state.lanes.size()), resource)) continue;
    bool known = false;
    state.lanes[lane]->Inspect([&](const pipeline::LaneView& view) {
      const auto it = view.state.subscriptions.find(subscription_id);
      if (it == view.state.subscriptions.end()) return;
      known = true;
      starts[lane] = {it->second.start_sequence, it->second.started};
    });
    if (!known) return {};
  }
  return starts;
}

absl::Status MayHandOut(ExchangeState& state, const catalog::CatalogTable& catalog, uint32_t subscription_id) {
  const auto no = [](const std::string& name, const char* why) {
    return absl::PermissionDeniedError(absl::StrCat("subscription \"", name, "\" ", why));
  };
  const catalog::Subscription* subscription = catalog.FindSubscription(subscription_id);
  if (subscription == nullptr) return no(absl::StrCat(subscription_id), "is not in the catalog");
  const catalog::Grant* grant = catalog.FindGrant(subscription->grant_id);
  if (grant == nullptr || grant->revoked) return no(subscription->name, "has no grant any longer: it was revoked");
  if (!subscription->active) return no(subscription->name, "has ended");
  if (subscription->suspended) return no(subscription->name, "is suspended");
  if (grant->valid_until != 0 && state.options.clock->Now() >= grant->valid_until) {
    return no(subscription->name, "has no grant any longer: it has run out");
  }
  return absl::OkStatus();
}

absl::StatusOr<SubscriptionFacts> FactsOf(const catalog::CatalogTable& catalog, const std::string& subscription) {
  const catalog::Subscription* found = catalog.FindSubscription(subscription);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("subscription \"", subscription, "\" is not in the catalog"));
  }
  const catalog::View* view = catalog.FindView(found->view_id);
  const catalog::Resource* resource = view == nullptr ? nullptr : catalog.FindResource(view->resource_id);
  if (resource == nullptr || !found->active) {
    return absl::FailedPreconditionError(absl::StrCat("subscription \"", subscription, "\" has ended"));
  }
  const catalog::KeyDomain* domain = catalog.FindKeyDomain(resource->key_domain_id);
  DATONG_CHECK(domain != nullptr);
  return SubscriptionFacts{found->id,
                           resource->id,
                           view->id,
                           view->stream_topic(),
                           SchemaOf(*resource, *view),
                           IdentityOf(*domain, found->id)};
}

absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenDeliverySession(ExchangeState& state,
                                                                             const std::string& subscription) {
  ASSIGN_OR_RETURN(SubscriptionFacts facts, FactsOf(*state.Catalog(), subscription));
  auto session = std::make_unique<LocalDeliverySession>(state, std::move(facts));
  RETURN_IF_ERROR(session->Open());
  return session;
}

}  // namespace datong::node
