// SPDX-License-Identifier: Apache-2.0
#include "telemetry/latency_sketch.h"

#include <algorithm>
#include <cmath>

namespace rowcall::telemetry {
namespace {

constexpr double kShortest = 10e3;  // ns
constexpr double kLongest = 3600e9;
constexpr double kGamma = (1 + LatencySketch::kError) / (1 - LatencySketch::kError);
const double kPerLogGamma = 1 / std::log(kGamma);

// Bucket i holds (kShortest * kGamma^(i-1), kShortest * kGamma^i].
int bucket_of(double ns) {
  double clamped = std::clamp(ns, kShortest, kLongest);
  return static_cast<int>(std::ceil(std::log(clamped / kShortest) * kPerLogGamma));
}

// The value with the same relative distance to both edges of the bucket.
double middle_of(int bucket) {
  return kShortest * std::pow(kGamma, bucket) * 2 / (kGamma + 1);
}

}  // namespace

void LatencySketch::add(Duration latency) {
  int bucket = std::min(bucket_of(static_cast<double>(latency.count())), kBuckets - 1);
  ++counts_[static_cast<std::size_t>(bucket)];
  ++count_;
  sum_ += latency;
  max_ = std::max(max_, latency);
}

void LatencySketch::merge(const LatencySketch& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::int64_t LatencySketch::count_to(Duration latency) const {
  if (latency >= max_) return count_;
  std::int64_t seen = 0;
  int last = std::min(bucket_of(static_cast<double>(latency.count())), kBuckets - 1);
  for (int i = 0; i <= last; ++i) seen += counts_[static_cast<std::size_t>(i)];
  return seen;
}

Duration LatencySketch::quantile(double q) const {
  if (count_ == 0) return Duration{};
  auto rank = static_cast<std::int64_t>(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_ - 1));
  if (rank == count_ - 1) return max_;
  std::int64_t seen = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += counts_[static_cast<std::size_t>(i)];
    if (seen > rank) return std::min(Duration(std::llround(middle_of(i))), max_);
  }
  return max_;
}

}  // namespace rowcall::telemetry
