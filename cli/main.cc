// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/stop_signals.h"
#include "exchange_core/base/freed_memory.h"
#include "exchange_core/base/kill_at_step.h"

int main(int argc, char** argv) {
  datong::base::KeepFreedMemory();
  datong::cli::WatchStopSignals();
  std::unique_ptr<datong::base::StepObserver> killer;
  if (const char* spec = std::getenv("DATONG_KILL_AT")) {  // crash tests: docs/testing.md
    auto made = datong::base::NewKillAtStep(spec);
    if (!made.ok()) {
      std::fprintf(stderr, "DATONG_KILL_AT: %s\n", std::string(made.status().message()).c_str());
      return 2;
    }
    killer = *std::move(made);
  }
  datong::cli::Output output(stdout);
  const datong::cli::Ground watched{.steps = killer ? *killer : datong::base::NoObserver()};
  return datong::cli::RunCommandLine({argv + 1, argv + argc}, watched, datong::cli::FindTerminal(), output);
}
