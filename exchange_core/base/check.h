// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace datong::base {
// Prints the place and the broken promise, then stops the process.
[[noreturn]] void CheckFailed(const char* file, int line, const char* promise);
}  // namespace datong::base

// A promise of our own code, held in release builds too. Never for what data or the world may do.
#define DATONG_CHECK(promise)                                    \
  do {                                                           \
    if (!(promise)) [[unlikely]]                                 \
      ::datong::base::CheckFailed(__FILE__, __LINE__, #promise); \
  } while (false)
