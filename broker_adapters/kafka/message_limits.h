// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "exchange_core/base/limits.h"

namespace datong::kafka {

inline constexpr size_t kKeyBytesMax = size_t{1} << 10;         // as the contract says
inline constexpr size_t kEnvelopeBytesMax = size_t{1} << 20;    // as the contract says
inline constexpr size_t kAttributeBytesMax = size_t{64} << 10;  // as the contract says
// What the producer, the topic and the reader must let pass: one message with all its parts at their limit, and what
// Kafka puts around it.
inline constexpr size_t kRecordBytesMax = size_t{10} << 20;

static_assert(kKeyBytesMax + kEnvelopeBytesMax + base::kBatchBytesMax + kAttributeBytesMax + (size_t{64} << 10) <=
              kRecordBytesMax);

}  // namespace datong::kafka
