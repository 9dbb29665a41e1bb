// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/node/lane_assignment.h"

namespace datong::node {

// A place among the processes that share an exchange, which one of them has at a time: to lead, or to be a member. Who
// has it writes a claim into a partition of its own several times per lease; another may take it once a whole lease has
// passed, by its own steady clock, in which it saw none.
//
// The lease says who may begin, not who may write. One who was only slow, and wakes, finds its writer taken when it
// renews the claim; and whoever opens a writer as the leader asks Confirm() behind it. So no clock has to be right for
// the books to balance.
//
// One thread, but for Confirm().
class Claim {
 public:
  struct Options {
    broker::Broker* broker = nullptr;
    base::Clock* clock = nullptr;
    broker::TopicPartition place;  // the topic exists
    std::string identity;          // that claims are written under
    std::string process;           // for people: machine and process
    uint64_t instance = 0;         // random, not 0
    base::TimeUs lease_us = 1'000'000;
    uint32_t format = 1;  // exchange_format.h
  };
  // The last one written, by whomever.
  struct Seen {
    uint64_t instance = 0;
    std::string process;
    base::TimeUs lease_us = 0;
    uint32_t format = 0;  // 0: nobody has claimed yet
    bool released = true;
    LaneOwners lane_owners;  // of the leader
    broker::Position position = 0;
  };

  explicit Claim(Options options) : options_(std::move(options)) {}

  // Reads what was written since; an engine that is silent says nothing about anybody.
  absl::Status Look();
  const Seen& seen() const { return news_.seen; }
  bool is_ours() const { return writer_ != nullptr; }
  // As of the last Look(): nobody has it, or whoever had it has been silent for a whole lease.
  bool is_free() const;
  bool has_spoken() const { return spoken_; }  // another one, since this one looks
  // As a Look() that the engine did not answer.
  void HearNothing();
  base::TimeUs written_at() const { return written_at_; }  // steady: the last claim of this one was begun; 0: none

  // True: it is ours. False: somebody else was quicker.
  absl::StatusOr<bool> Take(const LaneOwners& lane_owners);
  bool is_due() const;
  // Aborted: another one has it, and it is ours no more. Anything else passes.
  absl::Status Renew(const LaneOwners& lane_owners);
  // The next one need not wait. It is only courtesy: a failure costs the next one a lease.
  void Release();

  // Reads the place itself. OK: nobody else had claimed it when it was called, so whoever does comes after all that was
  // fenced before the call. Aborted: somebody has. Any thread.
  absl::Status Confirm();

 private:
  struct News {
    std::unique_ptr<broker::Reader> reader;
    Seen seen;
  };

  absl::StatusOr<bool> Read(News& news);  // true: another process has claimed
  absl::Status Write(bool released, const LaneOwners& lane_owners);
  absl::Status TakenBy(const Seen& other) const;
  absl::Status Regain();  // the writer; Aborted: another one has claimed

  const Options options_;
  News news_;
  bool spoken_ = false;
  base::TimeUs free_at_ = 0;  // steady; of another one's claim
  std::unique_ptr<broker::Writer> writer_;
  bool writer_lost_ = false;  // whether the last claim was written is unknown, or it was fenced
  LaneOwners written_owners_;
  base::TimeUs written_at_ = 0;    // steady
  base::TimeUs next_renewal_ = 0;  // steady
  int renewals_until_drop_ = 0;
  std::mutex confirm_mutex_;
  News confirmed_;  // guarded by confirm_mutex_
};

}  // namespace datong::node
