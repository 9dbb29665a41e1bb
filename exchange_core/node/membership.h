// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/claim.h"
#include "exchange_core/node/lane_assignment.h"

namespace datong::node {

// The processes that share an exchange whose topics several machines reach, as one of them sees it. Each is a member;
// one of them leads as well: it publishes, delivers, decides about full dumps, and gives every lane to a member. Claims
// (claim.h) say who is there: topic "members", a partition for each place, and topic "holder" for the lead, whose claim
// tells the owners of the lanes. What the leader says is taken as it is heard; what makes it safe is that a lane is
// fenced by whoever takes it over, and that a leader fences what it leads.
//
// All of them have the same exchange_format.h. One of a newer format waits until the older ones have left; and once it
// has been there, an older one neither comes nor stays, for it might not understand what lies in the topics.
//
// A worker: give it to the scheduler as soon as it is there. Everything but Step() and Leave() from any thread.
class Membership final : public base::Worker {
 public:
  struct Options {
    broker::Broker* broker = nullptr;
    base::Clock* clock = nullptr;
    std::string process;    // for people: machine and process
    uint64_t instance = 0;  // random, not 0
    base::TimeUs lease_us = 1'000'000;
    uint32_t format = 1;
  };
  // Called again and again while another process, told in words, may be at work; pauses a moment. `alive`: one has
  // claimed anew since we look. False: wait no longer.
  using Wait = std::function<bool(const std::string& process, bool alive)>;

  // A member like others. Leads at once only when nobody does. ResourceExhausted: all places are taken, or one of an
  // older format is at work, and `wait` would not go on. Unimplemented: a newer one is, or was.
  static absl::StatusOr<std::unique_ptr<Membership>> Join(const Options& options, const Wait& wait);
  // The only member, for the moment, and the leader. FailedPrecondition: another process (named) is at work, and `wait`
  // would not go on. Unimplemented: as in Join.
  static absl::StatusOr<std::unique_ptr<Membership>> JoinAlone(const Options& options, const Wait& wait);

  std::string_view Name() const override { return "membership"; }
  base::StepResult Step() override;
  // After the last step: the others need not wait for a lease to pass.
  void Leave();

  void SetLanes(uint32_t lanes);  // as soon as it is known how many there are; before that none is given away
  // The lead is ours by claim, but what whoever led before had open is still to be fenced. Then LeadFrom() with this
  // number; 0 = nothing to do.
  uint64_t lead_to_take() const;
  void LeadFrom(uint64_t lead);
  bool leads() const;
  // Unimplemented: a newer one has come. This process has left, and must end.
  absl::Status health() const;
  bool WorksOn(uint32_t lane) const;
  // Whether this process may fence another one for what it is to work on: within the last lease it has said that it
  // lives. Who was asleep, or waited for an engine that was silent, may have been taken for dead; what he believes of
  // the lanes is old, and he would fence who has them now, and be fenced by him again.
  bool may_take_over() const;
  bool has_company() const;    // others live
  std::string leader() const;  // for people; empty: none is known
  // Behind a fence: still the leader (Claim::Confirm).
  absl::Status Confirm() { return lead_.Confirm(); }

 private:
  explicit Membership(const Options& options);

  absl::Status LookAround();
  absl::Status LookUntil(base::TimeUs give_up, const Wait& wait);  // again while the engine is silent
  void KeepClaims();
  std::string FindAnother() const;  // a process that may live; empty: there is none
  std::string FindOlder() const;    // one of an older format
  absl::Status CheckForNewer() const;
  absl::StatusOr<bool> TakePlace();
  absl::StatusOr<bool> TakeLead();
  absl::Status KeepPlace();
  absl::Status KeepLead();
  std::set<uint64_t> Living() const;
  LaneOwners Assignment() const;
  void Publish();

  const Options options_;
  // The worker's own.
  std::vector<std::unique_ptr<Claim>> places_;
  Claim* own_ = nullptr;  // one of places_; null: to be taken
  Claim lead_;
  uint64_t leads_taken_ = 0;
  base::TimeUs next_step_ = 0;  // steady
  LaneOwners told_;             // as the leader

  std::atomic<uint32_t> lanes_ = 0;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  LaneOwners owners_;
  std::string leader_;
  uint64_t lead_number_ = 0;    // 0: not ours
  uint64_t lead_in_force_ = 0;  // the one that was prepared for
  bool company_ = false;
  base::TimeUs fresh_until_ = 0;  // steady
  absl::Status health_;
};

}  // namespace datong::node
