// SPDX-License-Identifier: Apache-2.0
// Randomness that repeats: the same seed gives the same run.
#pragma once

#include <cstdint>

namespace rowcall::policy {

/// SplitMix64 (Steele, Lea, Flood 2014). Small, fast, and good enough for jitter.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, 1).
  double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace rowcall::policy
