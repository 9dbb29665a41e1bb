// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace datong::node {

// What the processes of one exchange write for each other, as a whole: ledger, catalog, journals, requests, state.
// Raised by a release that writes anything which the release before would not understand, or would understand
// otherwise. Every claim on a place among the processes says it, in a message whose own form never changes; processes
// of different formats do not work side by side (membership.h).
extern const uint32_t kExchangeFormat;

}  // namespace datong::node
