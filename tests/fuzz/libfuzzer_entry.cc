// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>

#include "exchange_core/base/check.h"
#include "tests/fuzz/fuzz_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const datong::fuzz::FuzzTarget* const target = [] {
    const datong::fuzz::FuzzTarget* found = nullptr;
    for (const datong::fuzz::FuzzTarget& candidate : datong::fuzz::kFuzzTargets) {
      if (candidate.name == DATONG_FUZZ_TARGET) found = &candidate;
    }
    DATONG_CHECK(found != nullptr);  // else every input would pass
    return found;
  }();
  static const google::protobuf::LogSilencer silence;  // protobuf tells of every text that is not UTF-8
  target->run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
