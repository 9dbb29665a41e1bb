// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "broker_adapters/embedded/embedded_broker.h"
#include "connectors/file/file_source.h"
#include "connectors/runner/sink_runner.h"
#include "connectors/runner/source_runner.h"
#include "exchange_core/base/clock.h"
#include "exchange_core/base/file_system.h"
#include "exchange_core/base/random.h"
#include "exchange_core/base/scheduler.h"
#include "exchange_core/base/step_observer.h"
#include "exchange_core/node/exchange.h"

namespace datong::storage {
class BackgroundJobs;
}

namespace datong::cli {

// How large things grow before something happens to them. Tests make them small, so that seconds meet what years do
// (docs/testing.md).
struct Limits {
  uint64_t segment_bytes_max = embedded::EmbeddedOptions().segment_bytes_max;
  size_t inline_bytes_max = embedded::EmbeddedOptions().inline_bytes_max;
  size_t memtable_bytes = embedded::EmbeddedOptions().memtable_bytes;
  uint64_t checkpoint_records = node::ExchangeOptions().checkpoint_records;
  base::TimeUs history_us = node::ExchangeOptions().history_us;
  base::TimeUs housekeeping_us = node::ExchangeOptions().housekeeping_us;
  size_t rows_per_read_max = file::FileSourceOptions().rows_per_read_max;
  size_t rows_per_publish_max = runner::SourceRunnerOptions().rows_per_publish_max;
  size_t records_per_write_max = runner::SinkRunnerOptions().records_per_write_max;
};
// The defaults, with what the environment says.
Limits LimitsFromEnvironment();

// What the process stands on. All of it outlives everything else.
struct Ground {
  base::FileSystem& files = base::PosixFileSystem();
  base::Clock& clock = base::SystemClock();
  base::RandomSource& random = base::SystemRandom();
  base::StepObserver& steps = base::NoObserver();
  Limits limits = LimitsFromEnvironment();
  base::Scheduler* scheduler = nullptr;           // nullptr: a thread for every worker
  storage::BackgroundJobs* background = nullptr;  // nullptr: the row store's own threads
};

}  // namespace datong::cli
