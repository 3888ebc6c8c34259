// SPDX-License-Identifier: Apache-2.0
// 64-bit hashes of texts: the identity of a row, and dice that fall the same way in every run.
//
// The same on every machine and build, so that a score found today is found again elsewhere. Not for
// adversaries. Pure; any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rowcall::mockapi {

/// Every bit of the result depends on every bit of `x` (the finaliser of SplitMix64: Steele, Lea, Flood
/// 2014).
constexpr std::uint64_t stirred(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Two numbers as one; the order matters.
constexpr std::uint64_t joined(std::uint64_t a, std::uint64_t b) {
  return stirred(a * 0x9e3779b97f4a7c15 + std::rotl(b, 32) + 0x632be59bd9b4e019);
}

/// Eight bytes at a step, each stirred into the state by multiply and rotate, in the manner of MurmurHash.
inline std::uint64_t digest(std::string_view bytes, std::uint64_t start = 0) {
  static_assert(std::endian::native == std::endian::little, "bytes are read as little-endian words");
  std::uint64_t state = start ^ (bytes.size() * 0x9e3779b97f4a7c15);
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    std::size_t n = bytes.size() < sizeof word ? bytes.size() : sizeof word;
    std::memcpy(&word, bytes.data(), n);
    bytes.remove_prefix(n);
    word *= 0x87c37b91114253d5;
    word ^= word >> 29;
    state = std::rotl(state ^ (word * 0x4cf5ad432745937f), 31) * 5 + 0x52dce729;
  }
  return stirred(state);
}

/// Uniform in [0, 1).
constexpr double share_of(std::uint64_t hash) {
  return static_cast<double>(hash >> 11) * 0x1.0p-53;
}

}  // namespace rowcall::mockapi
