// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

namespace datong::benchmarks {

// Seconds of the wall, and CPU seconds of the calling thread or of the whole process, that passed while it ran. Sums up
// over many starts.
class Stopwatch {
 public:
  enum class Cpu { kThread, kProcess };
  explicit Stopwatch(Cpu cpu = Cpu::kThread)
      : cpu_clock_(cpu == Cpu::kThread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID) {}

  void Start() {
    cpu_start_ = Read(cpu_clock_);
    wall_start_ = Read(CLOCK_MONOTONIC);
  }
  void Stop() {
    wall_ += Read(CLOCK_MONOTONIC) - wall_start_;
    cpu_ += Read(cpu_clock_) - cpu_start_;
  }
  double wall_seconds() const { return wall_; }
  double cpu_seconds() const { return cpu_; }

 private:
  static double Read(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }
  clockid_t cpu_clock_;
  double wall_start_ = 0, cpu_start_ = 0, wall_ = 0, cpu_ = 0;
};

}  // namespace datong::benchmarks
