// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace datong::base {

// Batches come and go by the hundred kilobytes. By default the allocator maps each anew and gives it back at once, and
// the kernel clears every page of it again. After this call freed memory up to some MiB per thread stays with the
// process for the next batch. Once, at the start of a program; elsewhere than on glibc it does nothing.
void KeepFreedMemory();

}  // namespace datong::base
