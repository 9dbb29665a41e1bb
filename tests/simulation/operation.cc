// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/operation.h"

#include <array>
#include <utility>

#include "exchange_core/base/check.h"
#include "exchange_core/base/random.h"

namespace datong::simulation {
namespace {

struct Kind {
  OperationKind kind;
  std::string_view name;
  uint64_t weight;
};

constexpr std::array<Kind, kOperationKinds> kKinds = {{
    {OperationKind::kWork, "work", 400},
    {OperationKind::kWait, "wait", 80},
    {OperationKind::kFile, "file", 110},
    {OperationKind::kSystemUnit, "system unit", 90},
    {OperationKind::kFullDump, "full dump", 50},
    {OperationKind::kDecideSnapshot, "decide snapshot", 50},
    {OperationKind::kAgain, "again", 40},
    {OperationKind::kAddResource, "add resource", 5},
    {OperationKind::kAddSubscription, "add subscription", 22},
    {OperationKind::kEndSubscription, "end subscription", 10},
    {OperationKind::kSuspendOrResume, "suspend or resume", 20},
    {OperationKind::kRevokeGrant, "revoke grant", 4},
    {OperationKind::kClockJump, "clock jump", 14},
    {OperationKind::kFillDisk, "fill disk", 10},
    {OperationKind::kFreeDisk, "free disk", 30},
    {OperationKind::kSlowDisk, "slow or fast disk", 8},
    {OperationKind::kCutNow, "cut now", 6},
    {OperationKind::kCutAtOperation, "cut at operation", 14},
    {OperationKind::kCutAtStep, "cut at step", 14},
    {OperationKind::kKillNow, "kill now", 3},
    {OperationKind::kKillAtOperation, "kill at operation", 5},
    {OperationKind::kKillAtStep, "kill at step", 6},
    {OperationKind::kRestart, "restart", 8},
    {OperationKind::kDropCheckpoints, "drop checkpoints", 3},
    {OperationKind::kJudge, "judge", 4},
}};

constexpr OperationKind kBeginning[] = {
    OperationKind::kAddResource, OperationKind::kAddSubscription, OperationKind::kFile,
    OperationKind::kAddResource, OperationKind::kAddSubscription, OperationKind::kSystemUnit};

}  // namespace

std::string_view NameOf(OperationKind kind) {
  for (const Kind& known : kKinds) {
    if (known.kind == kind) return known.name;
  }
  return "unknown";
}

std::vector<Operation> StoryOf(uint64_t seed, size_t operations) {
  base::SeededRandom random(seed);
  uint64_t weights = 0;
  for (const Kind& kind : kKinds) weights += kind.weight;
  std::vector<Operation> story;
  story.reserve(operations);
  for (const OperationKind kind : kBeginning) story.push_back({kind, random.Next()});
  while (story.size() < operations) {
    uint64_t choice = random.Below(weights);
    size_t at = 0;
    while (choice >= kKinds[at].weight) choice -= kKinds[at++].weight;
    DATONG_CHECK(at < kKinds.size());
    story.push_back({kKinds[at].kind, random.Next()});
  }
  return story;
}

}  // namespace datong::simulation
