// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program: sets its time of day to that of a machine whose clock is wrong, and lets it jump while the
// program runs. DATONG_TEST_CLOCK names a file of eight bytes, the shift in microseconds; what is written there counts
// at once. The steady clocks go on, as they do when the time of day of a real machine is set.
//
// Whoever waits until a time of day waits, as the kernel has it, until his clock shows that time: days, if it was set
// back by days meanwhile. libfaketime knows neither that nor the waits of C11, which librdkafka uses.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kNanos = 1'000'000'000;
constexpr int64_t kSliceNanos = 50'000'000;  // how soon a wait notices that the clock has jumped

const std::atomic<int64_t>* MapShift() {
  static const std::atomic<int64_t> none = 0;
  const char* const path = std::getenv("DATONG_TEST_CLOCK");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return &none;
  void* const mapped = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return mapped == MAP_FAILED ? &none : static_cast<const std::atomic<int64_t>*>(mapped);
}

int64_t ShiftNanos() {
  static const std::atomic<int64_t>* const shift_us = MapShift();
  return shift_us->load() * 1000;
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int64_t ToNanos(const timespec& time) { return time.tv_sec * kNanos + time.tv_nsec; }
timespec ToTimespec(int64_t nanos) { return {nanos / kNanos, nanos % kNanos}; }

int64_t RealNanos() {
  static auto* const next = Next<int(clockid_t, timespec*)>("clock_gettime");
  timespec now;
  next(CLOCK_REALTIME, &now);
  return ToNanos(now);
}

int64_t NowNanos() { return RealNanos() + ShiftNanos(); }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* into) {
  static auto* const next = Next<int(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, into);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *into = ToTimespec(ToNanos(*into) + ShiftNanos());
  }
  return result;
}

int gettimeofday(timeval* into, void* /*zone*/) {
  const timespec now = ToTimespec(NowNanos());
  *into = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* into) {
  const time_t now = NowNanos() / kNanos;
  if (into != nullptr) *into = now;
  return now;
}

int timespec_get(timespec* into, int base) {
  if (base != TIME_UTC) return 0;
  *into = ToTimespec(NowNanos());
  return base;
}

// In slices, at whose ends the caller is woken for nothing, as he may be at any time.
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  static auto* const next = Next<int(cnd_t*, mtx_t*, const timespec*)>("cnd_timedwait");
  const int64_t left = ToNanos(*until) - NowNanos();
  const timespec slice = ToTimespec(RealNanos() + std::clamp<int64_t>(left, 0, kSliceNanos));
  const int result = next(condition, mutex, &slice);
  return result == thrd_timedout && ToNanos(*until) > NowNanos() ? static_cast<int>(thrd_success) : result;
}

}  // extern "C"
