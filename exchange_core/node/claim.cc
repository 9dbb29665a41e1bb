// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/claim.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "datong/exchange/v1/holder_claim.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_codec.h"

namespace datong::node {
namespace {

constexpr int kRenewalsPerLease = 3;
constexpr int kRenewalsPerDrop = 1'000;

}  // namespace

absl::StatusOr<bool> Claim::Read(News& news) {
  if (news.reader == nullptr) {
    ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options_.broker->Bounds(options_.place));
    ASSIGN_OR_RETURN(news.reader, options_.broker->OpenReader(options_.place, bounds.begin));
  }
  bool of_other = false;
  while (true) {
    auto messages = news.reader->Poll({});
    if (absl::IsOutOfRange(messages.status())) {  // old claims were dropped meanwhile
      ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options_.broker->Bounds(options_.place));
      news.reader->Seek(bounds.begin);
      continue;
    }
    RETURN_IF_ERROR(messages.status());
    if (messages->empty()) return of_other;
    for (const broker::Message& message : *messages) {
      ASSIGN_OR_RETURN(const auto claim, DecodeHolderClaim(message.body.bytes()));
      news.seen.instance = claim.instance();
      news.seen.process = claim.holder();
      news.seen.lease_us = claim.lease_us();
      news.seen.format = std::max<uint32_t>(claim.format(), 1);
      news.seen.released = claim.released();
      news.seen.lane_owners.assign(claim.lane_owners().begin(), claim.lane_owners().end());
      news.seen.position = message.position;
      of_other |= claim.instance() != options_.instance;
    }
  }
}

absl::Status Claim::Look() {
  const bool first = news_.reader == nullptr;
  const auto heard = Read(news_);
  const base::TimeUs now = options_.clock->Steady();
  if (first || !heard.ok() || *heard) free_at_ = now + news_.seen.lease_us;
  spoken_ |= !first && heard.ok() && *heard;
  return heard.status();
}

void Claim::HearNothing() { free_at_ = options_.clock->Steady() + news_.seen.lease_us; }

bool Claim::is_free() const {
  if (news_.reader == nullptr) return false;
  return news_.seen.released || news_.seen.instance == options_.instance || options_.clock->Steady() >= free_at_;
}

absl::Status Claim::TakenBy(const Seen& other) const {
  return absl::AbortedError(absl::StrCat(options_.identity, ": taken over by ", other.process));
}

absl::StatusOr<bool> Claim::Take(const LaneOwners& lane_owners) {
  const broker::Position before = news_.seen.position;
  ASSIGN_OR_RETURN(writer_, options_.broker->OpenWriter(options_.identity));
  // Whoever claimed before the fence has it; it finds its writer fenced, sees that nobody else has claimed, and opens
  // it again.
  absl::Status taken = Look();
  const bool quicker = news_.seen.position != before && news_.seen.instance != options_.instance;
  if (taken.ok() && quicker && !news_.seen.released) {
    writer_.reset();
    return false;
  }
  if (taken.ok()) taken = Write(false, lane_owners);
  if (taken.ok()) return true;
  writer_.reset();
  if (absl::IsAborted(taken)) return false;
  return taken;
}

bool Claim::is_due() const { return options_.clock->Steady() >= next_renewal_; }

absl::Status Claim::Write(bool released, const LaneOwners& lane_owners) {
  exchange::v1::HolderClaim claim;
  claim.set_instance(options_.instance);
  claim.set_holder(options_.process);
  claim.set_lease_us(options_.lease_us);
  claim.set_format(options_.format);
  claim.set_released(released);
  claim.set_time(options_.clock->Now());
  for (const uint64_t owner : lane_owners) claim.add_lane_owners(owner);
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  transaction->Append(options_.place, "", "", broker::Body(EncodeHolderClaim(claim)));
  const base::TimeUs begun = options_.clock->Steady();
  RETURN_IF_ERROR(transaction->Commit());
  writer_lost_ = false;
  written_owners_ = lane_owners;
  written_at_ = begun;
  next_renewal_ = begun + options_.lease_us / kRenewalsPerLease;
  return absl::OkStatus();
}

absl::Status Claim::Regain() {
  ASSIGN_OR_RETURN(auto writer, options_.broker->OpenWriter(options_.identity));
  RETURN_IF_ERROR(Look());
  if (news_.seen.instance != options_.instance) {
    writer_.reset();
    writer_lost_ = false;
    return TakenBy(news_.seen);
  }
  writer_ = std::move(writer);
  return absl::OkStatus();
}

absl::Status Claim::Renew(const LaneOwners& lane_owners) {
  if (writer_lost_) RETURN_IF_ERROR(Regain());
  if (const absl::Status written = Write(false, lane_owners); !written.ok()) {
    // Fenced: by another one, or by one that is about to see that it came too late. The place tells, next time.
    writer_lost_ = true;
    next_renewal_ = options_.clock->Steady() + options_.lease_us / kRenewalsPerLease / 4;
    return absl::UnavailableError(written.message());
  }
  if (renewals_until_drop_-- > 0) return absl::OkStatus();
  renewals_until_drop_ = kRenewalsPerDrop;
  RETURN_IF_ERROR(Look());
  return options_.broker->DropBefore(options_.place, news_.seen.position);
}

void Claim::Release() {
  if (writer_ == nullptr) return;
  if (writer_lost_ || !Write(true, written_owners_).ok()) {
    // Its writer may have been taken by one that came too late.
    if (Regain().ok()) Write(true, written_owners_).IgnoreError();
  }
  writer_.reset();
}

absl::Status Claim::Confirm() {
  const std::lock_guard lock(confirm_mutex_);
  // Also waits for a claim that is on its way.
  RETURN_IF_ERROR(options_.broker->Bounds(options_.place).status());
  RETURN_IF_ERROR(Read(confirmed_).status());
  if (confirmed_.seen.instance == options_.instance && !confirmed_.seen.released) return absl::OkStatus();
  return TakenBy(confirmed_.seen);
}

}  // namespace datong::node
