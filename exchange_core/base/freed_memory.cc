// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/base/freed_memory.h"

#include <cstdlib>  // says whether this is glibc
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace datong::base {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  constexpr int kMappedFromBytes = 8 << 20;
  constexpr int kKeptBytesMax = 16 << 20;  // at the end of each arena
  mallopt(M_MMAP_THRESHOLD, kMappedFromBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytesMax);
#endif
}

}  // namespace datong::base
