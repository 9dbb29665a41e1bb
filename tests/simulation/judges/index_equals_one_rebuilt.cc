// SPDX-License-Identifier: Apache-2.0
// What the lanes know - after checkpoints, cuts and replays - is what the whole ledger makes of an empty index.
#include <absl/strings/str_cat.h>

#include "tests/simulation/judges/judge.h"

namespace datong::simulation {

Judgement IndexEqualsOneRebuilt(const Evidence& evidence) {
  Judgement judgement;
  const auto catalog = evidence.exchange.catalog();
  for (uint32_t lane = 0; lane < evidence.exchange.lanes(); ++lane) {
    evidence.exchange.InspectLane(lane, [&](const pipeline::LaneView& view) {
      for (const auto& [id, resource] : catalog->resources()) {
        for (uint32_t partition = 0; partition < resource.partitions; ++partition) {
          if (const auto* entities = view.entity_index(id, partition)) judgement.looked_at += entities->size();
          if (const auto* events = view.event_index(id, partition)) judgement.looked_at += events->size();
        }
      }
    });
  }
  if (const absl::Status verified = evidence.exchange.VerifyIndexAgainstLedger(); !verified.ok()) {
    judgement.Complain(std::string(verified.message()));
  }
  return judgement;
}

}  // namespace datong::simulation
