// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace datong::simulation {

// What can happen to a simulated world, one thing at a time.
enum class OperationKind : uint8_t {
  kWork,            // workers take some turns
  kWait,            // time passes, workers take their turns in it
  kFile,            // a department puts a file where its source looks
  kSystemUnit,      // a department's system hands something over, deletes among it
  kFullDump,        // a department hands a register over as a whole
  kDecideSnapshot,  // somebody confirms or rejects a snapshot that may be held
  kAgain,           // something handed over before comes again
  kAddResource,
  kAddSubscription,
  kEndSubscription,
  kSuspendOrResume,
  kRevokeGrant,
  kClockJump,  // somebody sets the clock, forward or back
  kFillDisk,
  kFreeDisk,
  kSlowDisk,  // or fast again
  kCutNow,    // power cuts, now and later
  kCutAtOperation,
  kCutAtStep,
  kKillNow,  // the process dies, the machine does not
  kKillAtOperation,
  kKillAtStep,
  kRestart,          // in order
  kDropCheckpoints,  // they are derived: losing them costs time only
  kJudge,            // judges look in the middle of it
};
inline constexpr size_t kOperationKinds = 25;
std::string_view NameOf(OperationKind kind);

// Everything random in an operation follows from its own seed, so leaving one out changes the others as little as
// possible: that is what makes a failing story short.
struct Operation {
  OperationKind kind;
  uint64_t seed;
};

// The story of a seed. Begins with what a world needs to do anything at all.
std::vector<Operation> StoryOf(uint64_t seed, size_t operations);

}  // namespace datong::simulation
