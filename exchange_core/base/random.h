// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace datong::base {

// Randomness, as an input, so that a run can be repeated from its seed. Thread-safe implementations say so.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual uint64_t Next() = 0;
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }
};

// splitmix64 from a seed: small, repeatable on every platform. Not for secrets. Not thread-safe.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

// The operating system's random bytes, fit for secrets. Thread-safe; lives as long as the process.
RandomSource& SystemRandom();

}  // namespace datong::base
