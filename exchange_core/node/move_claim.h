// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"

// An exchange is carried over to the topics of another engine, where nobody works on it yet. From before the first
// message until the last step, topic "holder" there says so, in the place of a leader who lives and gives no lane to
// anybody; and who asks before joining (membership.h) is told why.
namespace datong::node {

// `move` names it: random, not 0, kept by whoever moves. `mover`: for people. May be repeated. AlreadyExists: the
// topics are in use, or are the goal of another move (the text says whose).
absl::Status ClaimForMove(broker::Broker& broker, base::Clock& clock, uint64_t move, const std::string& mover);

// From now on processes may begin. False: there was nothing to finish, for one has begun, or may.
absl::StatusOr<bool> FinishMove(broker::Broker& broker, base::Clock& clock, uint64_t move);

// Before a process joins. `move`: by which the exchange came here as far as the process knows, 0 = by none; where that
// one's last step was taken without a word here, it is said now. FailedPrecondition, with IsBeingMoved(): a move is
// under way.
absl::Status EnterAfterMove(broker::Broker& broker, base::Clock& clock, uint64_t move);
bool IsBeingMoved(const absl::Status& status);

}  // namespace datong::node
