// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/node/membership.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "exchange_core/base/status_macros.h"
#include "exchange_core/node/control_topic.h"
#include "exchange_core/node/needed_topics.h"
#include "exchange_core/node/writer_identities.h"

namespace datong::node {
namespace {

constexpr int kLooksPerLease = 10;
constexpr base::TimeUs kEnginePatienceUs = 10'000'000;  // a topic just made has no leader yet

Claim::Options PlaceOptions(const Membership::Options& from, const broker::TopicPartition& place,
                            const std::string& identity) {
  Claim::Options options;
  options.broker = from.broker;
  options.clock = from.clock;
  options.place = place;
  options.identity = identity;
  options.process = from.process;
  options.instance = from.instance;
  options.lease_us = from.lease_us;
  options.format = from.format;
  return options;
}

}  // namespace

Membership::Membership(const Options& options)
    : options_(options), lead_(PlaceOptions(options, {kHolderTopic, 0}, kHolderWriter)) {
  for (uint32_t place = 0; place < kMembersMax; ++place) {
    places_.push_back(
        std::make_unique<Claim>(PlaceOptions(options, {kMembersTopic, place}, absl::StrCat("member.", place))));
  }
}

absl::StatusOr<std::unique_ptr<Membership>> Membership::Join(const Options& options, const Wait& wait) {
  RETURN_IF_ERROR(CreateTopics(*options.broker, TopicsOfMembership()));
  std::unique_ptr<Membership> membership(new Membership(options));
  const base::TimeUs give_up = options.clock->Steady() + kEnginePatienceUs;
  while (true) {
    RETURN_IF_ERROR(membership->LookUntil(give_up, wait));
    RETURN_IF_ERROR(membership->CheckForNewer());
    if (const std::string older = membership->FindOlder(); !older.empty()) {
      if (wait(older, true)) continue;
      return absl::ResourceExhaustedError(absl::StrCat("the exchange is still worked on by ", older));
    }
    ASSIGN_OR_RETURN(const bool taken, membership->TakePlace());
    if (taken) {
      // One of another format may have come in the same moment. Both see each other now: the older one ends, and this
      // one steps back for so long.
      RETURN_IF_ERROR(membership->LookUntil(give_up, wait));
      RETURN_IF_ERROR(membership->CheckForNewer());
      if (membership->FindOlder().empty()) break;
      membership->Leave();
      continue;
    }
    if (!wait(membership->FindAnother(), true)) {
      return absl::ResourceExhaustedError(absl::StrCat("an exchange is shared by ", kMembersMax, " processes at most"));
    }
  }
  if (membership->lead_.is_free()) RETURN_IF_ERROR(membership->TakeLead().status());
  membership->Publish();
  return membership;
}

absl::StatusOr<std::unique_ptr<Membership>> Membership::JoinAlone(const Options& options, const Wait& wait) {
  RETURN_IF_ERROR(CreateTopics(*options.broker, TopicsOfMembership()));
  std::unique_ptr<Membership> membership(new Membership(options));
  const base::TimeUs give_up = options.clock->Steady() + kEnginePatienceUs;
  while (true) {
    RETURN_IF_ERROR(membership->LookUntil(give_up, wait));
    RETURN_IF_ERROR(membership->CheckForNewer());
    if (const std::string other = membership->FindAnother(); !other.empty()) {
      bool alive = membership->lead_.has_spoken();
      for (const auto& place : membership->places_) alive = alive || place->has_spoken();
      if (!wait(other, alive)) return absl::FailedPreconditionError(absl::StrCat("the exchange is held by ", other));
      continue;
    }
    if (membership->own_ == nullptr) {
      ASSIGN_OR_RETURN(const bool placed, membership->TakePlace());
      if (!placed) continue;
    }
    ASSIGN_OR_RETURN(const bool leads, membership->TakeLead());
    if (leads) break;
  }
  membership->Publish();
  return membership;
}

// Nine places, one after the other: of an engine that is silent only the first is asked, for each would wait as long,
// and this process would be taken for dead meanwhile.
absl::Status Membership::LookAround() {
  absl::Status all;
  bool silent = false;
  const auto look = [&](Claim& claim) {
    if (claim.is_ours()) return;
    if (silent) return claim.HearNothing();
    const absl::Status looked = claim.Look();
    silent = absl::IsUnavailable(looked);
    all.Update(looked);
  };
  for (const auto& place : places_) look(*place);
  look(lead_);
  return all;
}

absl::Status Membership::LookUntil(base::TimeUs give_up, const Wait& wait) {
  while (true) {
    const absl::Status looked = LookAround();
    if (!absl::IsUnavailable(looked) || options_.clock->Steady() >= give_up || !wait("", false)) return looked;
  }
}

std::string Membership::FindAnother() const {
  for (const auto& place : places_) {
    if (!place->is_ours() && !place->is_free()) return place->seen().process;
  }
  return lead_.is_ours() || lead_.is_free() ? "" : lead_.seen().process;
}

std::string Membership::FindOlder() const {
  const auto is_older = [&](const Claim& claim) {
    return !claim.is_ours() && !claim.is_free() && claim.seen().format < options_.format;
  };
  const auto told = [](const Claim& claim) { return absl::StrCat(claim.seen().process, ", of an older release"); };
  for (const auto& place : places_) {
    if (is_older(*place)) return told(*place);
  }
  return is_older(lead_) ? told(lead_) : "";
}

// Of a place only who is there counts; of the lead, whoever was: the topics are as the last one left them.
absl::Status Membership::CheckForNewer() const {
  const auto newer = [&](const Claim& claim, const char* what) {
    return absl::UnimplementedError(absl::StrCat(claim.seen().process, " ", what, " on this exchange with format ",
                                                 claim.seen().format, "; this program knows format ", options_.format));
  };
  for (const auto& place : places_) {
    if (!place->is_ours() && !place->is_free() && place->seen().format > options_.format) return newer(*place, "works");
  }
  return lead_.seen().format > options_.format ? newer(lead_, "has worked") : absl::OkStatus();
}

absl::StatusOr<bool> Membership::TakePlace() {
  for (const auto& place : places_) {
    if (!place->is_free()) continue;
    ASSIGN_OR_RETURN(const bool taken, place->Take({}));
    if (!taken) continue;
    own_ = place.get();
    return true;
  }
  return false;
}

absl::StatusOr<bool> Membership::TakeLead() {
  told_ = lead_.seen().lane_owners;
  told_ = Assignment();
  ASSIGN_OR_RETURN(const bool taken, lead_.Take(told_));
  if (taken) ++leads_taken_;
  return taken;
}

std::set<uint64_t> Membership::Living() const {
  std::set<uint64_t> living;
  if (own_ != nullptr) living.insert(options_.instance);
  for (const auto& place : places_) {
    if (place->is_ours() || place->is_free() || place->seen().format != options_.format) continue;
    living.insert(place->seen().instance);
  }
  return living;
}

LaneOwners Membership::Assignment() const {
  const uint32_t lanes = lanes_.load();
  return lanes == 0 ? told_ : AssignLanes(lanes, told_, Living());
}

absl::Status Membership::KeepPlace() {
  if (own_ == nullptr) return TakePlace().status();
  if (!own_->is_due()) return absl::OkStatus();
  const absl::Status renewed = own_->Renew({});
  if (absl::IsAborted(renewed)) own_ = nullptr;  // we were taken for dead, and somebody came
  return renewed;
}

absl::Status Membership::KeepLead() {
  if (!lead_.is_ours()) return lead_.is_free() && own_ != nullptr ? TakeLead().status() : absl::OkStatus();
  const LaneOwners owners = Assignment();
  if (!lead_.is_due() && owners == told_) return absl::OkStatus();
  RETURN_IF_ERROR(lead_.Renew(owners));
  told_ = owners;
  return absl::OkStatus();
}

// What is ours already, as it is. Before the look at the others: that may take long, and whoever it was that was slow,
// they count.
void Membership::KeepClaims() {
  if (own_ != nullptr) KeepPlace().IgnoreError();
  if (lead_.is_ours() && lead_.is_due()) lead_.Renew(told_).IgnoreError();
}

void Membership::Publish() {
  const std::set<uint64_t> living = Living();
  const absl::Status health = CheckForNewer();
  const std::lock_guard lock(mutex_);
  health_.Update(health);
  fresh_until_ = own_ == nullptr ? 0 : own_->written_at() + options_.lease_us;
  owners_ = lead_.is_ours() ? told_ : lead_.seen().lane_owners;
  // Not one that may have died before we came.
  const bool heard = !lead_.is_free() && lead_.has_spoken();
  leader_ = lead_.is_ours() ? options_.process : heard ? lead_.seen().process : "";
  lead_number_ = lead_.is_ours() ? leads_taken_ : 0;
  company_ = living.size() > living.count(options_.instance);
}

base::StepResult Membership::Step() {
  const base::TimeUs now = options_.clock->Steady();
  if (now < next_step_) return base::StepResult::IdleUntil(next_step_);
  next_step_ = now + options_.lease_us / kLooksPerLease;
  // What fails is tried again; the engine's silence keeps everybody where he is.
  KeepClaims();
  LookAround().IgnoreError();
  if (!CheckForNewer().ok()) {
    Leave();
    Publish();
    return base::StepResult::Finished();
  }
  KeepPlace().IgnoreError();
  KeepLead().IgnoreError();
  Publish();
  return base::StepResult::IdleUntil(next_step_);
}

void Membership::Leave() {
  if (own_ != nullptr) own_->Release();
  own_ = nullptr;
  lead_.Release();
}

void Membership::SetLanes(uint32_t lanes) { lanes_.store(lanes); }

uint64_t Membership::lead_to_take() const {
  const std::lock_guard lock(mutex_);
  return lead_number_ == lead_in_force_ ? 0 : lead_number_;
}

void Membership::LeadFrom(uint64_t lead) {
  const std::lock_guard lock(mutex_);
  lead_in_force_ = lead;
}

bool Membership::leads() const {
  const std::lock_guard lock(mutex_);
  return lead_number_ != 0 && lead_number_ == lead_in_force_;
}

absl::Status Membership::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

bool Membership::WorksOn(uint32_t lane) const {
  const std::lock_guard lock(mutex_);
  return health_.ok() && lane < owners_.size() && owners_[lane] == options_.instance;
}

bool Membership::may_take_over() const {
  const std::lock_guard lock(mutex_);
  return options_.clock->Steady() < fresh_until_;
}

bool Membership::has_company() const {
  const std::lock_guard lock(mutex_);
  return company_;
}

std::string Membership::leader() const {
  const std::lock_guard lock(mutex_);
  return leader_;
}

}  // namespace datong::node
