// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/agency/remote_delivery_session.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "datong/exchange/v1/department_request.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/delivery_reader.h"
#include "exchange_core/node/schema_message.h"
#include "exchange_core/record/printable.h"

namespace datong::agency {
namespace {

using exchange::v1::DepartmentAnswer;
using exchange::v1::DepartmentRequest;

constexpr base::TimeUs kLookEvery = 1'000'000;  // a revocation counts within a second
constexpr size_t kReasonBytesMax = 500;
constexpr size_t kReasonBytesPerRequest = size_t{2} << 20;

// What is told of a subscription, but for its schema.
struct Told {
  node::ReceiptState receipt;
  node::LaneStarts starts;
};

Told ToldBy(const exchange::v1::SubscriptionStanding& standing) {
  Told told;
  told.receipt.again_next = standing.again_next();
  told.receipt.stream_next = standing.stream_next();
  told.receipt.in_stream = standing.in_stream();
  told.receipt.any = standing.any();
  told.receipt.refused_total = standing.refused_total();
  for (const auto& lane : standing.lanes()) {
    if (lane.start_sequence() != 0) told.starts[lane.lane()] = {lane.start_sequence(), lane.sent_again()};
    if (!lane.acknowledged()) continue;
    told.receipt.lanes[lane.lane()] = {lane.again_next_sequence(), lane.stream_next_sequence()};
  }
  return told;
}

class RemoteDeliverySession final : public client::DeliverySession {
 public:
  RemoteDeliverySession(RequestLine& line, std::string subscription)
      : line_(line), subscription_(std::move(subscription)) {}
  ~RemoteDeliverySession() override {
    if (session_ == 0) return;
    DepartmentRequest request;
    request.set_session(session_);
    request.mutable_close_session();
    line_.Tell(std::move(request));
  }

  absl::Status Open();
  const record::RecordSchema& schema() const override { return schema_; }
  std::string identity() const override { return identity_; }
  uint64_t next_position() const override { return node::PositionOf(acknowledged_); }
  absl::StatusOr<Fetched> Fetch(size_t records_max) override;
  absl::Status Acknowledge(uint64_t next_position, const std::vector<client::RefusedDelivery>& refused) override;

 private:
  absl::StatusOr<exchange::v1::SubscriptionStanding> OpenAtExchange(bool again);
  // As RemotePublishSession's: the receipts say where the subscription stands.
  absl::Status Settle();
  // Whether anything may be handed out, and how far lanes are with sending again; asked once a second at most.
  absl::Status Look();
  absl::StatusOr<DepartmentAnswer> Ask(DepartmentRequest request);
  bool AllSentAgain() const {
    return !starts_.empty() &&
           std::all_of(starts_.begin(), starts_.end(), [](const auto& start) { return start.second.sent_again; });
  }
  base::TimeUs Now() const { return line_.options().clock->Steady(); }

  RequestLine& line_;
  const std::string subscription_;
  uint64_t session_ = 0;  // 0: to be opened
  record::RecordSchema schema_;
  std::string identity_;
  node::ReceiptState acknowledged_;
  std::optional<node::ReceiptState> doubted_;  // asked for, and nobody knows with what outcome
  node::LaneStarts starts_;
  base::TimeUs looked_at_ = 0;  // steady
  std::unique_ptr<node::DeliveryReader> reader_;
  std::optional<Fetched> held_back_;  // read, and not handed out before it is known that it may be
};

absl::StatusOr<exchange::v1::SubscriptionStanding> RemoteDeliverySession::OpenAtExchange(bool again) {
  DepartmentRequest request;
  auto* asked = request.mutable_open_subscription();
  asked->set_subscription(subscription_);
  asked->set_again(again);
  if (again) asked->add_places(next_position());
  if (again && doubted_) asked->add_places(node::PositionOf(*doubted_));
  uint64_t number = 0;
  ASSIGN_OR_RETURN(auto answer, line_.Ask(std::move(request), &number));
  RETURN_IF_ERROR(StatusOf(answer));
  session_ = number;
  looked_at_ = Now();
  return std::move(*answer.mutable_subscription());
}

absl::Status RemoteDeliverySession::Open() {
  ASSIGN_OR_RETURN(const auto standing, OpenAtExchange(false));
  ASSIGN_OR_RETURN(schema_, node::FromMessage(standing.schema()));
  identity_ = standing.identity();
  Told told = ToldBy(standing);
  acknowledged_ = std::move(told.receipt);
  starts_ = std::move(told.starts);
  reader_ = std::make_unique<node::DeliveryReader>(*line_.options().broker, standing.subscription_id(),
                                                   standing.stream_topic(), schema_);
  return WithNextStep(reader_->Open(acknowledged_));
}

absl::Status RemoteDeliverySession::Settle() {
  if (session_ != 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto standing, OpenAtExchange(true));
  Told told = ToldBy(standing);
  const uint64_t found = node::PositionOf(told.receipt);
  if (found != next_position() && !(doubted_ && found == node::PositionOf(*doubted_))) {
    session_ = 0;
    return absl::AbortedError(
        absl::StrCat("subscription \"", subscription_, "\": another process has acknowledged deliveries of it since"));
  }
  doubted_.reset();
  acknowledged_ = std::move(told.receipt);
  starts_ = std::move(told.starts);
  return absl::OkStatus();
}

absl::StatusOr<DepartmentAnswer> RemoteDeliverySession::Ask(DepartmentRequest request) {
  request.set_session(session_);
  auto answer = line_.Ask(std::move(request));
  if (!answer.ok() || answer->session_unknown()) session_ = 0;
  RETURN_IF_ERROR(answer.status());
  RETURN_IF_ERROR(StatusOf(*answer));
  return answer;
}

absl::Status RemoteDeliverySession::Look() {
  if (looked_at_ != 0 && Now() - looked_at_ < kLookEvery) return absl::OkStatus();
  DepartmentRequest request;
  request.mutable_look_at_subscription();
  ASSIGN_OR_RETURN(const auto answer, Ask(std::move(request)));
  starts_ = ToldBy(answer.subscription()).starts;
  looked_at_ = Now();
  return absl::OkStatus();
}

absl::StatusOr<client::DeliverySession::Fetched> RemoteDeliverySession::Fetch(size_t records_max) {
  RETURN_IF_ERROR(Settle());
  if (!AllSentAgain()) RETURN_IF_ERROR(Look());
  if (!held_back_) {
    auto fetched = reader_->Fetch(records_max, acknowledged_, starts_);
    RETURN_IF_ERROR(WithNextStep(fetched.status()));
    held_back_ = *std::move(fetched);
  }
  // What comes is handed out only if it still may be; while nothing comes nobody need be asked.
  if (!held_back_->deliveries.empty()) RETURN_IF_ERROR(Look());
  return *std::exchange(held_back_, std::nullopt);
}

absl::Status RemoteDeliverySession::Acknowledge(uint64_t next_position,
                                                const std::vector<client::RefusedDelivery>& refused) {
  RETURN_IF_ERROR(Settle());
  reader_->Forget(this->next_position());
  if (next_position <= this->next_position()) return absl::OkStatus();  // in doubt before, it had landed
  node::ReceiptState now = reader_->After(acknowledged_, next_position);
  DepartmentRequest request;
  auto* asked = request.mutable_acknowledge();
  asked->set_next_position(next_position);
  for (const auto& [number, lane] : now.lanes) {
    auto* to = asked->add_lanes();
    to->set_lane(number);
    to->set_again_next_sequence(lane.again_next_sequence);
    to->set_stream_next_sequence(lane.stream_next_sequence);
  }
  size_t reason_bytes = 0;
  for (const client::RefusedDelivery& one : refused) {
    auto* to = asked->add_refused();
    to->set_lane(one.lane);
    to->set_sequence(one.sequence);
    if (reason_bytes > kReasonBytesPerRequest) continue;  // all are counted
    to->set_reason(record::Printable(one.reason, kReasonBytesMax));
    reason_bytes += to->reason().size();
  }
  doubted_ = now;
  RETURN_IF_ERROR(Ask(std::move(request)).status());
  doubted_.reset();
  now.refused_total += refused.size();
  acknowledged_ = std::move(now);
  reader_->Forget(next_position);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<client::DeliverySession>> OpenRemoteDeliverySession(RequestLine& line,
                                                                                   const std::string& subscription) {
  auto session = std::make_unique<RemoteDeliverySession>(line, subscription);
  RETURN_IF_ERROR(session->Open());
  return session;
}

}  // namespace datong::agency
