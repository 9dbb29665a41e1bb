// SPDX-License-Identifier: Apache-2.0
#include "cli/ground.h"

#include <absl/strings/numbers.h>

#include <cstdlib>

namespace datong::cli {
namespace {

template <typename Number>
void TakeTestLimit(const char* name, Number scale, Number& value) {
  const char* text = std::getenv(name);
  if (Number number = 0; text != nullptr && absl::SimpleAtoi(text, &number)) value = number * scale;
}

}  // namespace

Limits LimitsFromEnvironment() {
  Limits limits;
  TakeTestLimit<uint64_t>("DATONG_SEGMENT_BYTES", 1, limits.segment_bytes_max);
  TakeTestLimit<uint64_t>("DATONG_CHECKPOINT_RECORDS", 1, limits.checkpoint_records);
  TakeTestLimit<base::TimeUs>("DATONG_HISTORY_SECONDS", 1'000'000, limits.history_us);
  TakeTestLimit<base::TimeUs>("DATONG_HOUSEKEEPING_SECONDS", 1'000'000, limits.housekeeping_us);
  return limits;
}

}  // namespace datong::cli
