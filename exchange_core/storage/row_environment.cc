// SPDX-License-Identifier: Apache-2.0
#include "exchange_core/storage/row_environment.h"

#include <rocksdb/env.h>
#include <rocksdb/system_clock.h>

#include <functional>
#include <utility>

#include "exchange_core/base/check.h"
#include "exchange_core/storage/rocksdb_file_system.h"

namespace datong::storage {
namespace {

// After a job that failed RocksDB sleeps for a second, where other threads would go on meanwhile.
class SleeplessClock final : public rocksdb::SystemClockWrapper {
 public:
  SleeplessClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "DatongSleepless"; }
  void SleepForMicroseconds(int) override {}
};

// No thread of its own: jobs go to BackgroundJobs, and there is one worker each for flushes (HIGH) and compactions
// (LOW), as far as RocksDB can tell.
class JobEnvironment final : public rocksdb::EnvWrapper {
 public:
  JobEnvironment(std::unique_ptr<rocksdb::Env> below, BackgroundJobs& background)
      : EnvWrapper(std::move(below)), background_(background) {
    system_clock_ = std::make_shared<SleeplessClock>();
  }

  const char* Name() const override { return "DatongJobs"; }

  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                void (*unschedule)(void*)) override {
    std::function<void()> give_up;
    if (unschedule != nullptr) give_up = [unschedule, argument] { unschedule(argument); };
    background_.Schedule(
        TagOf(tag, priority), [function, argument] { function(argument); }, std::move(give_up));
  }
  int UnSchedule(void* tag, Priority priority) override { return background_.Unschedule(TagOf(tag, priority)); }

  int GetBackgroundThreads(Priority priority) override { return priority == LOW || priority == HIGH ? 1 : 0; }
  void SetBackgroundThreads(int, Priority) override {}
  void IncBackgroundThreadsIfNeeded(int, Priority) override {}
  int ReserveThreads(int, Priority) override { return 0; }
  int ReleaseThreads(int, Priority) override { return 0; }
  unsigned int GetThreadPoolQueueLen(Priority) const override { return 0; }

 private:
  // RocksDB counts flushes and compactions apart when it gives them up. Its tags are addresses.
  static uint64_t TagOf(void* tag, Priority priority) {
    const auto number = reinterpret_cast<uintptr_t>(tag);
    const auto kind = static_cast<uint64_t>(priority);
    DATONG_CHECK(number >> 61 == 0 && kind < 8);
    return number << 3 | kind;
  }

  BackgroundJobs& background_;
};

}  // namespace

std::shared_ptr<rocksdb::Env> NewRowEnvironment(base::FileSystem& files, BackgroundJobs* background) {
  const WhenFull when_full = background == nullptr ? WhenFull::kTryAgain : WhenFull::kStayFull;
  std::unique_ptr<rocksdb::Env> environment = rocksdb::NewCompositeEnv(NewRocksDbFileSystem(files, when_full));
  if (background == nullptr) return environment;
  return std::make_shared<JobEnvironment>(std::move(environment), *background);
}

}  // namespace datong::storage
