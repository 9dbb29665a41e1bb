// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/exchange_lease.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "datong/exchange/v1/holder_claim.pb.h"
#include "exchange_core/base/status_macros.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/node/control_codec.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/source_table.h"
#include "exchange_core/node/writer_identities.h"

namespace datong::node {
namespace {

constexpr int kRenewalsPerLease = 3;
constexpr int kRenewalsPerDrop = 1'000;

}  // namespace

absl::StatusOr<std::unique_ptr<ExchangeLease>> ExchangeLease::Take(const Options& options, const Wait& wait) {
  RETURN_IF_ERROR(options.broker->CreateTopic(kHolderTopic, {broker::TopicKind::kControl, 1}));
  std::unique_ptr<ExchangeLease> lease(new ExchangeLease(options));
  ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options.broker->Bounds({kHolderTopic, 0}));
  ASSIGN_OR_RETURN(lease->reader_, options.broker->OpenReader({kHolderTopic, 0}, bounds.begin));
  while (true) {
    RETURN_IF_ERROR(lease->AwaitFree(wait));
    ASSIGN_OR_RETURN(const bool claimed, lease->Claim());
    if (claimed) return lease;
  }
}

absl::StatusOr<bool> ExchangeLease::TakeNews() {
  bool of_other = false;
  while (true) {
    auto messages = reader_->Poll({});
    if (absl::IsOutOfRange(messages.status())) {  // old claims were dropped meanwhile
      ASSIGN_OR_RETURN(const broker::PartitionBounds bounds, options_.broker->Bounds({kHolderTopic, 0}));
      reader_->Seek(bounds.begin);
      continue;
    }
    RETURN_IF_ERROR(messages.status());
    if (messages->empty()) return of_other;
    for (const broker::Message& message : *messages) {
      ASSIGN_OR_RETURN(const auto claim, DecodeHolderClaim(message.body.bytes()));
      last_ = {claim.instance(), claim.holder(), claim.lease_us(), claim.released(), message.position};
      of_other |= claim.instance() != options_.instance;
    }
  }
}

bool ExchangeLease::IsHeldByOther() const { return !last_.released && last_.instance != options_.instance; }

absl::Status ExchangeLease::AwaitFree(const Wait& wait) {
  RETURN_IF_ERROR(TakeNews().status());
  base::TimeUs free_at = options_.clock->Steady() + last_.lease_us;
  bool alive = false;
  while (IsHeldByOther() && options_.clock->Steady() < free_at) {
    if (!wait(last_.holder, alive)) {
      return absl::FailedPreconditionError(absl::StrCat("the exchange is held by ", last_.holder));
    }
    const auto news = TakeNews();
    if (!news.ok() && !absl::IsUnavailable(news.status())) return news.status();
    alive = alive || (news.ok() && *news);
    // An engine that is silent says nothing about the holder.
    if (!news.ok() || *news) free_at = options_.clock->Steady() + last_.lease_us;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ExchangeLease::Claim() {
  ASSIGN_OR_RETURN(writer_, options_.broker->OpenWriter(kHolderWriter));
  // Whoever claimed before the fence is the holder; it finds its writer fenced, sees that nobody else has claimed, and
  // opens it again.
  ASSIGN_OR_RETURN(const bool quicker, TakeNews());
  if (quicker && IsHeldByOther()) {
    writer_.reset();
    return false;
  }
  const absl::Status written = Write(false);
  if (absl::IsAborted(written)) {
    writer_.reset();
    return false;
  }
  RETURN_IF_ERROR(written);
  next_renewal_ = options_.clock->Steady() + options_.lease_us / kRenewalsPerLease;
  return true;
}

absl::Status ExchangeLease::Write(bool released) {
  exchange::v1::HolderClaim claim;
  claim.set_instance(options_.instance);
  claim.set_holder(options_.holder);
  claim.set_lease_us(options_.lease_us);
  claim.set_released(released);
  claim.set_time(options_.clock->Now());
  ASSIGN_OR_RETURN(const auto transaction, writer_->Begin());
  transaction->Append({kHolderTopic, 0}, "", "", broker::Body(EncodeHolderClaim(claim)));
  const base::TimeUs begun = options_.clock->Steady();
  RETURN_IF_ERROR(transaction->Commit());
  claimed_at_.store(begun);
  return absl::OkStatus();
}

// Aborted: lost. Anything else passes.
absl::Status ExchangeLease::Renew() {
  if (writer_ == nullptr) {
    ASSIGN_OR_RETURN(writer_, options_.broker->OpenWriter(kHolderWriter));
    RETURN_IF_ERROR(TakeNews().status());
    if (last_.instance != options_.instance) {
      return absl::AbortedError(absl::StrCat("the exchange was taken over by ", last_.holder));
    }
  }
  if (const absl::Status written = Write(false); !written.ok()) {
    writer_.reset();
    // Fenced: by another holder, or by one that is about to see that it came too late. The topic tells, next time.
    return absl::UnavailableError(written.message());
  }
  if (renewals_until_drop_-- > 0) return absl::OkStatus();
  renewals_until_drop_ = kRenewalsPerDrop;
  RETURN_IF_ERROR(TakeNews().status());
  return options_.broker->DropBefore({kHolderTopic, 0}, last_.position);
}

base::StepResult ExchangeLease::Step() {
  const base::TimeUs now = options_.clock->Steady();
  if (now < next_renewal_) return base::StepResult::IdleUntil(next_renewal_);
  const absl::Status renewed = Renew();
  if (absl::IsAborted(renewed)) {
    const std::lock_guard lock(mutex_);
    status_ = renewed;
    return base::StepResult::Finished();
  }
  const base::TimeUs pause = options_.lease_us / kRenewalsPerLease;
  next_renewal_ = now + (renewed.ok() ? pause : pause / 4);
  return base::StepResult::IdleUntil(next_renewal_);
}

absl::Status ExchangeLease::status() {
  const std::lock_guard lock(mutex_);
  return status_;
}

void ExchangeLease::Release() {
  if (writer_ != nullptr && status().ok()) Write(true).IgnoreError();
}

absl::Status FenceEarlierHolder(broker::Broker& broker) {
  const auto fence = [&](const std::string& identity) { return broker.OpenWriter(identity).status(); };
  RETURN_IF_ERROR(fence(kCatalogWriter));
  RETURN_IF_ERROR(fence(kSnapshotsWriter));
  if (absl::IsNotFound(broker.DescribeTopic(kCatalogTopic).status())) return absl::OkStatus();
  catalog::CatalogTable catalog;
  RETURN_IF_ERROR(ReplayCatalog(broker, catalog));
  for (const auto& [id, subscription] : catalog.subscriptions()) RETURN_IF_ERROR(fence(SubscriptionWriter(id)));
  if (absl::IsNotFound(broker.DescribeTopic(kSourcesTopic).status())) return absl::OkStatus();
  SourceTable sources;
  RETURN_IF_ERROR(ReplaySources(broker, sources));
  for (const auto& [id, source] : sources.sources()) RETURN_IF_ERROR(fence(SourceWriter(source.name)));
  return absl::OkStatus();
}

}  // namespace datong::node
