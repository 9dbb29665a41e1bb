// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace datong::cli {

// SIGINT and SIGTERM ask for an orderly end; the second one ends the process at once (data is safe either way). SIGPIPE
// is ignored. Once per process, from main.
void WatchStopSignals();

bool StopRequested();
// Waits about so long; false as soon as the end was asked for. Any thread.
bool WaitUnlessStopped(int64_t milliseconds);

}  // namespace datong::cli
