// SPDX-License-Identifier: Apache-2.0
#include "cli/stop_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace datong::cli {
namespace {

constexpr int kExitAtOnce = 130;

std::atomic<int> received{0};
// Readable for ever once a signal came: every waiting thread sees it.
int wake_pipe[2] = {-1, -1};

void OnSignal(int) {
  if (received.fetch_add(1) > 0) _exit(kExitAtOnce);
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = write(wake_pipe[1], &byte, 1);
}

}  // namespace

void WatchStopSignals() {
  if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool StopRequested() { return received.load() > 0; }

bool WaitUnlessStopped(int64_t milliseconds) {
  pollfd one{wake_pipe[0], POLLIN, 0};
  constexpr int64_t kHour = 3'600'000;
  if (milliseconds > 0 && !StopRequested()) poll(&one, 1, static_cast<int>(std::min(milliseconds, kHour)));
  return !StopRequested();
}

}  // namespace datong::cli
