// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/delivery_session.h"

#include <absl/strings/str_cat.h>

#include <deque>
#include <mutex>
#include <utility>

#include "datong/exchange/v1/source_journal.pb.h"
#include "exchange_core/base/check.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/delivered_batch.h"
#include "exchange_core/node/writer_identities.h"
#include "exchange_core/pipeline/envelopes.h"
#include "exchange_core/pipeline/lane_commit.h"
#include "exchange_core/record/digest_purpose.h"
#include "exchange_core/record/printable.h"

namespace datong::node {
namespace {

constexpr size_t kReasonBytesMax = 500;
constexpr size_t kReasonBytesPerReceipt = size_t{4} << 20;  // a receipt must fit a message

class LocalDeliverySession final : public client::DeliverySession {
 public:
  LocalDeliverySession(ExchangeState& state, uint32_t subscription_id, uint32_t resource_id, std::string stream_topic,
                       record::RecordSchema schema, std::string identity)
      : state_(state),
        writes_as_(SubscriptionWriter(subscription_id)),
        opening_(state.BeginSession(writes_as_)),
        subscription_id_(subscription_id),
        resource_id_(resource_id),
        stream_topic_(std::move(stream_topic)),
        schema_(std::move(schema)),
        identity_(std::move(identity)) {}

  absl::Status Open();
  const record::RecordSchema& schema() const override { return schema_; }
  std::string identity() const override { return identity_; }
  uint64_t next_position() const override {
    return acknowledged_.in_stream ? kInStream | acknowledged_.stream_next : acknowledged_.again_next;
  }
  absl::StatusOr<Fetched> Fetch(size_t records_max) override;
  absl::Status Acknowledge(uint64_t next_position, const std::vector<client::RefusedDelivery>& refused) override;

 private:
  // Where the lane's sequences stand behind one fetched message.
  struct Passed {
    uint64_t next_position;  // session position behind the message
    uint32_t lane;
    uint64_t next_sequence;
    bool in_stream;
  };

  // First the fence, then the look: where the subscription stands is what the receipts say, and nobody else can add to
  // them.
  absl::Status TakeOver();
  absl::Status OpenReaders();
  bool MayFetch();
  absl::StatusOr<size_t> Take(const broker::Message& message, Fetched& into);
  absl::StatusOr<bool> ReadSome(size_t records_max, Fetched& into);
  absl::Status Write(const exchange::v1::Receipt& receipt, uint64_t next_position);
  uint64_t PositionOf(bool in_stream, broker::Position position) const {
    return in_stream ? kInStream | position : position;
  }

  ExchangeState& state_;
  const std::string writes_as_;
  const uint64_t opening_;
  std::unique_ptr<broker::Writer> writer_;  // null: what became of the last receipt is unknown
  const uint32_t subscription_id_;
  const uint32_t resource_id_;
  const std::string stream_topic_;
  const record::RecordSchema schema_;
  const std::string identity_;
  ReceiptState acknowledged_;
  std::unique_ptr<broker::Reader> again_reader_;
  std::unique_ptr<broker::Reader> stream_reader_;
  bool in_stream_ = false;
  bool all_sent_again_ = false;
  std::map<uint32_t, LaneStart> starts_;
  std::deque<Passed> passed_;  // fetched, not yet acknowledged
};

absl::Status LocalDeliverySession::Open() {
  RETURN_IF_ERROR(TakeOver());
  in_stream_ = acknowledged_.in_stream;
  return OpenReaders();
}

absl::Status LocalDeliverySession::TakeOver() {
  if (!state_.IsNewestSession(writes_as_, opening_)) {
    return absl::AbortedError(absl::StrCat(writes_as_, " was opened anew in this process"));
  }
  ASSIGN_OR_RETURN(auto writer, state_.options.broker->OpenWriter(writes_as_));
  RETURN_IF_ERROR(state_.ConfirmHolder());
  RETURN_IF_ERROR(state_.receipts_tail.CatchUp());
  writer_ = std::move(writer);
  acknowledged_ = state_.ReceiptOf(subscription_id_);
  return absl::OkStatus();
}

absl::Status LocalDeliverySession::OpenReaders() {
  broker::Broker& broker = *state_.options.broker;
  ASSIGN_OR_RETURN(again_reader_,
                   broker.OpenReader({pipeline::AgainTopic(subscription_id_), 0}, acknowledged_.again_next));
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, broker.Bounds({stream_topic_, 0}));
  const broker::Position from = std::max(acknowledged_.stream_next, acknowledged_.any ? 0 : bounds.begin);
  ASSIGN_OR_RETURN(stream_reader_, broker.OpenReader({stream_topic_, 0}, from));
  return absl::OkStatus();
}

// Not while suspended or revoked, not beyond the end of its grant, and not before every lane has begun the
// subscription.
bool LocalDeliverySession::MayFetch() {
  const auto catalog = state_.Catalog();
  const catalog::Subscription* subscription = catalog->FindSubscription(subscription_id_);
  const catalog::Resource* resource = catalog->FindResource(resource_id_);
  if (subscription == nullptr || resource == nullptr || !subscription->active || subscription->suspended) return false;
  const catalog::Grant* grant = catalog->FindGrant(subscription->grant_id);
  if (grant == nullptr || (grant->valid_until != 0 && state_.options.clock->Now() >= grant->valid_until)) return false;
  if (all_sent_again_) return true;
  starts_ = LaneStartsOf(state_, subscription_id_, *resource);
  all_sent_again_ = !starts_.empty();
  for (const auto& [lane, start] : starts_) all_sent_again_ = all_sent_again_ && start.sent_again;
  return !starts_.empty();
}

absl::StatusOr<client::DeliverySession::Fetched> LocalDeliverySession::Fetch(size_t records_max) {
  Fetched fetched;
  fetched.next_position = passed_.empty() ? next_position() : passed_.back().next_position;
  if (!MayFetch()) return fetched;
  // Asked before reading: what was complete then is read to its end below.
  const bool again_complete = all_sent_again_;
  if (!in_stream_) {
    // That it is complete may have been read in another process's ledger, before the last of it can be read here.
    if (again_complete) {
      const auto bounds = state_.options.broker->Bounds({pipeline::AgainTopic(subscription_id_), 0});
      RETURN_IF_ERROR(bounds.status());
    }
    ASSIGN_OR_RETURN(const bool something, ReadSome(records_max, fetched));
    if (something || !again_complete) return fetched;
    in_stream_ = true;
  }
  RETURN_IF_ERROR(ReadSome(records_max, fetched).status());
  return fetched;
}

absl::StatusOr<bool> LocalDeliverySession::ReadSome(size_t records_max, Fetched& into) {
  broker::Reader& reader = in_stream_ ? *stream_reader_ : *again_reader_;
  size_t records = 0;
  broker::ReadLimits limits;
  while (records < records_max) {
    const auto messages = reader.Poll(limits);
    if (!messages.ok()) return records > 0 ? absl::StatusOr<bool>(true) : messages.status();
    if (messages->empty()) break;
    for (const broker::Message& message : *messages) {
      absl::StatusOr<size_t> taken = Take(message, into);
      if (!taken.ok()) {
        // What was read before the trouble is handed over; the next call begins at it.
        reader.Seek(message.position);
        return records > 0 ? absl::StatusOr<bool>(true) : taken.status();
      }
      records += *taken;
    }
  }
  return records > 0;
}

// How many of the message's records are the subscription's: all or none.
absl::StatusOr<size_t> LocalDeliverySession::Take(const broker::Message& message, Fetched& into) {
  ASSIGN_OR_RETURN(const auto envelope, pipeline::DecodeDeliveryEnvelope(message.envelope));
  const uint64_t next_position = PositionOf(in_stream_, message.position + 1);
  if (in_stream_) {
    const auto start = starts_.find(envelope.lane());
    // Before its start in that lane: belongs to older subscriptions, or was sent again.
    if (start == starts_.end() || envelope.first_sequence() < start->second.start_sequence) {
      into.next_position = next_position;
      return 0;
    }
  }
  client::Delivery delivery;
  delivery.position = PositionOf(in_stream_, message.position);
  delivery.lane = envelope.lane();
  delivery.first_sequence = envelope.first_sequence();
  delivery.receive_time = envelope.receive_time();
  RETURN_IF_ERROR(DecodeDelivered(envelope, message.body.bytes(), schema_, delivery.batch));
  const size_t records = delivery.batch.size();
  into.next_position = next_position;
  passed_.push_back({next_position, envelope.lane(), envelope.first_sequence() + records, in_stream_});
  into.deliveries.push_back(std::move(delivery));
  return records;
}

absl::Status LocalDeliverySession::Acknowledge(uint64_t next_position,
                                               const std::vector<client::RefusedDelivery>& refused) {
  if (writer_ == nullptr) RETURN_IF_ERROR(TakeOver());
  while (!passed_.empty() && passed_.front().next_position <= this->next_position()) passed_.pop_front();
  if (next_position <= this->next_position()) return absl::OkStatus();  // in doubt before, it had landed
  ReceiptState now = acknowledged_;
  size_t done = 0;
  for (; done < passed_.size() && passed_[done].next_position <= next_position; ++done) {
    const Passed& passed = passed_[done];
    ReceiptState::Lane& lane = now.lanes[passed.lane];
    (passed.in_stream ? lane.stream_next_sequence : lane.again_next_sequence) = passed.next_sequence;
  }
  now.in_stream = (next_position & kInStream) != 0;
  (now.in_stream ? now.stream_next : now.again_next) = next_position & ~kInStream;
  now.refused_total += refused.size();
  now.any = true;

  exchange::v1::Receipt receipt;
  receipt.set_subscription_id(subscription_id_);
  receipt.set_time(state_.options.clock->Now());
  receipt.set_again_next(now.again_next);
  receipt.set_stream_next(now.stream_next);
  receipt.set_in_stream(now.in_stream);
  receipt.set_refused_total(now.refused_total);
  for (const auto& [number, lane] : now.lanes) {
    auto* to = receipt.add_lanes();
    to->set_lane(number);
    to->set_again_next_sequence(lane.again_next_sequence);
    to->set_stream_next_sequence(lane.stream_next_sequence);
  }
  size_t reason_bytes = 0;
  for (const client::RefusedDelivery& one : refused) {
    if (reason_bytes > kReasonBytesPerReceipt) break;  // refused_total counts all
    auto* to = receipt.add_refusals();
    to->set_lane(one.lane);
    to->set_sequence(one.sequence);
    to->set_reason(record::Printable(one.reason, kReasonBytesMax));
    reason_bytes += to->ByteSizeLong();
    to->set_again(!now.in_stream);
  }
  const absl::Status written = Write(receipt, next_position);
  if (absl::IsUnavailable(written) || absl::IsAborted(written)) writer_.reset();
  if (absl::IsAborted(written)) {
    // By a session that is to have the subscription, or by a process that was asleep when it lost the exchange.
    RETURN_IF_ERROR(TakeOver());
    return absl::UnavailableError(absl::StrCat(written.message(), "; opened again"));
  }
  RETURN_IF_ERROR(written);

  acknowledged_ = std::move(now);
  passed_.erase(passed_.begin(), passed_.begin() + static_cast<std::ptrdiff_t>(done));
  return absl::OkStatus();
}

absl::Status LocalDeliverySession::Write(const exchange::v1::Receipt& receipt, uint64_t next_position) {
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  transaction->Append({kReceiptsTopic, 0}, "", "", broker::Body(EncodeReceipt(receipt)));
  const broker::TopicPartition read{receipt.in_stream() ? stream_topic_ : pipeline::AgainTopic(subscription_id_), 0};
  transaction->AdvancePosition(writes_as_, read, next_position & ~kInStream);
  RETURN_IF_ERROR(transaction->Commit());
  state_.options.steps->Reached("receipt.committed");
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

std::map<uint32_t, LaneStart> LaneStartsOf(ExchangeState& state, uint32_t subscription_id,
                                           const catalog::Resource& resource) {
  std::map<uint32_t, LaneStart> starts;
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

absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenDeliverySession(ExchangeState& state,
                                                                             const std::string& subscription) {
  const auto catalog = state.Catalog();
  const catalog::Subscription* found = catalog->FindSubscription(subscription);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("subscription \"", subscription, "\" is not in the catalog"));
  }
  const catalog::View* view = catalog->FindView(found->view_id);
  const catalog::Resource* resource = view == nullptr ? nullptr : catalog->FindResource(view->resource_id);
  if (resource == nullptr || !found->active) {
    return absl::FailedPreconditionError(absl::StrCat("subscription \"", subscription, "\" has ended"));
  }
  const catalog::KeyDomain* domain = catalog->FindKeyDomain(resource->key_domain_id);
  DATONG_CHECK(domain != nullptr);
  auto session = std::make_unique<LocalDeliverySession>(state, found->id, resource->id, view->stream_topic(),
                                                        SchemaOf(*resource, *view), IdentityOf(*domain, found->id));
  RETURN_IF_ERROR(session->Open());
  return session;
}

}  // namespace datong::node
