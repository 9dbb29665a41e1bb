// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "exchange_core/base/clock.h"
#include "exchange_core/broker/broker.h"
#include "exchange_core/catalog/catalog_table.h"
#include "exchange_core/ledger/verdict.h"
#include "exchange_core/pipeline/lane_indexes.h"
#include "exchange_core/pipeline/lane_snapshots.h"
#include "exchange_core/pipeline/lane_state.h"
#include "exchange_core/pipeline/route_stage.h"
#include "exchange_core/record/batch_codec.h"

namespace datong::ledger::v1 {
class BatchDecision;
}

namespace datong::pipeline {

// One input batch and the rules it is decided under. References live until Decide returns.
struct DecisionInput {
  const catalog::CatalogTable& catalog;
  const catalog::Resource& resource;
  const std::vector<const catalog::View*>& views;  // of the resource
  uint32_t partition;
  const broker::Message& message;
  uint64_t lane_sequence;  // the ledger entry this decision will be
  base::TimeUs commit_time;
};

// What goes to one delivery stream.
struct OutgoingDelivery {
  const catalog::View* view = nullptr;
  uint64_t first_sequence = 0;
  Routed routed;
};

struct Decision {
  std::vector<OutgoingDelivery> deliveries;
  bool quarantine = false;  // some record, or the batch as a whole, is held back
  std::string detail;       // what a person should know about that, where it is one thing; may be empty
};

// Some view does not take every item: the payload has to be opened.
bool SomebodyLooksInside(const std::vector<const catalog::View*>& views);
// What stands in the resource's topic may have been written by somebody else than the exchange.
bool IsWrittenByOthers(const catalog::CatalogTable& catalog, const catalog::Resource& resource);

// Takes a batch through the stages - verify, validate, authority, dedup, route - and says what is to be written.
// Changes the indexes and the open snapshots (they are ahead of what is durable until the commit lands); reads the
// lane's state for stream sequences only. Owned by one lane; not thread-safe.
class BatchDecider {
 public:
  // Errors are ours or the world's; what is wrong with the batch is in the decision.
  absl::Status Decide(const DecisionInput& input, const LaneState& state, LaneIndexes& indexes,
                      LaneSnapshots& snapshots, ledger::v1::BatchDecision& entry, Decision& decision);

 private:
  // The stages before the index. False: the batch as a whole was refused (entry.problem says why).
  bool Verify(const DecisionInput& input, ledger::v1::BatchDecision& entry);
  void JudgeBeforeIndex(const DecisionInput& input, LazyPayload& payload, Decision& decision);
  void JudgeByIndex(const DecisionInput& input, LaneIndexes& indexes, LaneSnapshots& snapshots);
  void JudgeInSnapshot(const DecisionInput& input, index::EntityIndex& index, LaneSnapshots& snapshots);
  void NameWhatIsKept(const index::EntityIndex& index);
  absl::Status RouteToViews(const DecisionInput& input, const LaneState& state, LazyPayload& payload,
                            ledger::v1::BatchDecision& entry, Decision& decision);

  record::PackedBatch packed_;
  std::string payload_buffer_;
  std::vector<ledger::Verdict> verdicts_;
  RouteStage route_;
};

}  // namespace datong::pipeline
