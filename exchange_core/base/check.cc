// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace datong::base {

void CheckFailed(const char* file, int line, const char* promise) {
  std::fprintf(stderr,
               "%s:%d: a promise of our own code does not hold: %s\nThis is a defect in Datong; please report it.\n",
               file, line, promise);
  std::fflush(stderr);
  std::abort();
}

}  // namespace datong::base
