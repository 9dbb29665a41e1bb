// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "exchange_core/broker/broker.h"

namespace datong::kafka {

// The first message of a Kafka partition has offset 0, but position 0 lies before every message: a position is the
// offset + 1. Read "next = 0" and "next = 1" alike: both begin with offset 0.
inline int64_t OffsetOf(broker::Position position) { return position == 0 ? 0 : static_cast<int64_t>(position - 1); }
inline broker::Position PositionOf(int64_t offset) { return static_cast<broker::Position>(offset) + 1; }

// The bounds' begin: nothing was dropped while the log starts at offset 0, so reading from 0 is not out of range.
inline broker::Position BeginOf(int64_t log_start) { return log_start <= 0 ? 0 : PositionOf(log_start); }

}  // namespace datong::kafka
