// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/process_cost.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <fcntl.h>
#include <malloc.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <thread>

namespace datong::benchmarks {
namespace {

constexpr uint64_t kBytesPerBlock = 512;  // getrusage counts in these

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double WallNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

ProcessCost CostOf(const rusage& usage) {
  ProcessCost cost;
  cost.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  cost.written_bytes = static_cast<uint64_t>(usage.ru_oublock) * kBytesPerBlock;
  return cost;
}

// ru_maxrss would do, but a child inherits the peak of the process it was started from.
uint64_t PeakOf(const std::string& process) {
  std::ifstream status(absl::StrCat("/proc/", process, "/status"));
  for (std::string word; status >> word;) {
    uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes << 10;
  }
  return 0;
}

}  // namespace

ProcessCost& ProcessCost::operator+=(const ProcessCost& next) {
  wall_seconds += next.wall_seconds;
  cpu_seconds += next.cpu_seconds;
  peak_bytes = std::max(peak_bytes, next.peak_bytes);
  written_bytes += next.written_bytes;
  return *this;
}

OwnCost::OwnCost() {
  malloc_trim(0);  // what earlier work gave back and the allocator kept is not of this one
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew; without the right to, it is too high
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  before_ = CostOf(usage);
  before_.wall_seconds = WallNow();
}

ProcessCost OwnCost::Stop() const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  ProcessCost cost = CostOf(usage);
  cost.wall_seconds = WallNow() - before_.wall_seconds;
  cost.cpu_seconds -= before_.cpu_seconds;
  cost.written_bytes -= before_.written_bytes;
  cost.peak_bytes = PeakOf("self");
  return cost;
}

absl::StatusOr<ProcessCost> RunCommand(const std::vector<std::string>& words, const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::string locale = "LC_ALL=C", path = "PATH=/usr/local/bin:/usr/bin:/bin";
  char* environment[] = {locale.data(), path.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  pid_t child = 0;
  const double begun = WallNow();
  const int failed = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return absl::InternalError(absl::StrCat(words[0], " does not start: ", std::strerror(failed)));
  uint64_t peak = 0;
  rusage usage{};
  int status = 0;
  pid_t ended = 0;
  while ((ended = wait4(child, &status, WNOHANG, &usage)) == 0) {
    peak = std::max(peak, PeakOf(std::to_string(child)));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (ended != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::InternalError(absl::StrCat("failed: ", absl::StrJoin(words, " ")));
  }
  ProcessCost cost = CostOf(usage);
  cost.wall_seconds = WallNow() - begun;
  cost.peak_bytes = peak;
  return cost;
}

}  // namespace datong::benchmarks
