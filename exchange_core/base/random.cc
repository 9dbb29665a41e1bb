// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "exchange_core/base/check.h"

namespace datong::base {
namespace {

class KernelRandom final : public RandomSource {
 public:
  uint64_t Next() override {
    uint64_t value = 0;
    ssize_t got;
    do {
      got = getrandom(&value, sizeof value, 0);  // up to 256 bytes never come back short, only interrupted before start
    } while (got < 0 && errno == EINTR);
    DATONG_CHECK(got == static_cast<ssize_t>(sizeof value));
    return value;
  }
};

}  // namespace

RandomSource& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace datong::base
