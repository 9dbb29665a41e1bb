// SPDX-License-Identifier: Apache-2.0
// Any bytes either are no state of the lane or parse to one that is written and parsed to itself; never to another
// lane's.
#include <string>

#include "exchange_core/base/check.h"
#include "exchange_core/base/frame.h"
#include "exchange_core/pipeline/lane_state.h"
#include "tests/fuzz/fuzz_targets.h"

namespace datong::fuzz {
namespace {

constexpr uint32_t kLane = 3;

void ParseTwice(std::string_view bytes) {
  pipeline::LaneState state, again, foreign;
  if (!pipeline::ParseLaneState(bytes, kLane, state).ok()) return;
  DATONG_CHECK(!pipeline::ParseLaneState(bytes, kLane + 1, foreign).ok());
  const std::string written = pipeline::SerializeLaneState(state, kLane);
  DATONG_CHECK(pipeline::ParseLaneState(written, kLane, again).ok());
  DATONG_CHECK(pipeline::SerializeLaneState(again, kLane) == written);
  DATONG_CHECK(again.head.sequence == state.head.sequence && again.head.hash == state.head.hash);
  DATONG_CHECK(again.inputs.size() == state.inputs.size() && again.runs.size() == state.runs.size());
  for (const auto& [resource, counts] : state.resources) {
    uint64_t accepted = 0;
    for (const auto& [verdict, records] : counts) {
      DATONG_CHECK(ledger::VerdictFromCode(static_cast<uint32_t>(verdict)) == verdict);
      if (ledger::IsAccepted(verdict)) accepted += records;
    }
    DATONG_CHECK(again.AcceptedOf(resource) == accepted);
  }
}

}  // namespace

void FuzzLaneState(std::string_view input) {
  ParseTwice(input);
  // As the body of a state that names the right lane and a hash of the right length (later fields win), so that changes
  // reach what is behind those.
  std::string body(input);
  body += "\x08\x03\x1a\x20";
  body.append(32, 'h');
  ParseTwice(base::Frame("DTLS", 1, body));
}

}  // namespace datong::fuzz
