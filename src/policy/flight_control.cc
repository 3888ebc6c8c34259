// SPDX-License-Identifier: Apache-2.0
#include "policy/flight_control.h"

#include <algorithm>
#include <cmath>

namespace rowcall::policy {

namespace {

constexpr double kStart = 64;  // calls in flight to begin with, or a tenth of a second's worth
constexpr double kStartSeconds = 0.1;
constexpr double kSpare = 2;            // the cap is that many times what is needed,
constexpr double kStallSeconds = 0.05;  // and what is sent while an API stops for a moment
constexpr double kGrowth = 1.5;         // a round trip, while answers are as fast as ever
constexpr double kFast = 1.25;          // times the base: no queue worth mentioning
constexpr double kSlow = 2;             // times the base: a queue, or a slower API
constexpr double kCreep = 0.005;        // growth a tick between the two
constexpr double kDrift = 0.002;        // a tick: how fast the base follows slower answers
constexpr double kDecay = 0.99;         // a tick: how fast a cap that nobody needs comes down
constexpr Duration kSlowFor = std::chrono::milliseconds(150);
constexpr Duration kSettle = std::chrono::milliseconds(100);
constexpr Duration kMeasure = std::chrono::milliseconds(100);
constexpr double kMeasureCalls = 60;
constexpr Duration kBetweenTests = std::chrono::seconds(1);
constexpr double kQueueing = 0.8;  // of the former deliveries with half in flight: they were queueing

}  // namespace

FlightControl::FlightControl(int most, double per_s)
    : most_(most),
      per_s_(per_s),
      cap_(std::min(most_, std::isfinite(per_s) ? std::max(kStart, kStartSeconds * per_s) : kStart)) {}

void FlightControl::answered(Duration latency, int in_flight, Instant now) {
  answered_.add(now);
  samples_[static_cast<std::size_t>(sampled_++ % kSamples)] = seconds(latency);
  in_flight_most_ = std::max(in_flight_most_, in_flight + 1);
}

double FlightControl::take_median() {
  auto count = std::min(sampled_, kSamples);
  sampled_ = 0;
  auto* middle = samples_.begin() + count / 2;
  std::nth_element(samples_.begin(), middle, samples_.begin() + count);
  return *middle;
}

void FlightControl::look(Instant now) {
  if (now < tick_at_) return;
  tick_at_ = now + kTick;
  tick(now);
}

void FlightControl::tick(Instant now) {
  if (sampled_ > 0) {
    median_ = take_median();
    base_ = base_ == 0 || median_ < base_ ? median_ : base_ + kDrift * (median_ - base_);
    needed_ = std::max<double>(in_flight_most_, needed_ * kDecay);
  }
  in_flight_most_ = 0;
  if (testing_) {
    if (now >= test_until_) end_test(now);
  } else if (base_ > 0) {
    adjust(now);
  }
  blocked_ = false;
}

void FlightControl::adjust(Instant now) {
  double times = median_ / base_;
  if (!blocked_) {
    slow_since_ = Instant::max();
    double roomy = kSpare * needed_ + (std::isfinite(per_s_) ? kStallSeconds * per_s_ : kStart);
    if (cap_ > roomy) cap_ = std::max(roomy, cap_ * kDecay);
    return;
  }
  if (times <= kSlow) slow_since_ = Instant::max();
  if (times <= kFast) {
    if (now - grown_at_ >= std::max(kTick, from_seconds(median_))) {
      cap_ = kGrowth * cap_ + 1;
      grown_at_ = now;
    }
  } else if (times <= kSlow) {
    cap_ += std::max(0.2, kCreep * cap_);
  } else {
    slow_since_ = std::min(slow_since_, now);
    Duration patience = std::max(kSlowFor, from_seconds(median_));
    if (now - slow_since_ >= patience && now - tested_at_ >= kBetweenTests) begin_test(now);
  }
  cap_ = std::clamp(cap_, std::min(kMin, most_), most_);
}

void FlightControl::begin_test(Instant now) {
  testing_ = true;
  rate_before_ = answered_.per_s(std::clamp(from_seconds(median_), kMeasure, RecentCount::kSpanMax), now);
  median_before_ = median_;
  test_cap_ = std::max(cap_ / 2, std::min(2.0, most_));
  measure_from_ = now + kSettle + from_seconds(median_);
  Duration enough = from_seconds(kMeasureCalls / std::max(rate_before_, 1.0));
  test_until_ = measure_from_ + std::clamp(enough, kMeasure, RecentCount::kSpanMax);
}

void FlightControl::end_test(Instant now) {
  testing_ = false;
  tested_at_ = now;
  slow_since_ = Instant::max();
  double rate = answered_.per_s(std::min(now - measure_from_, RecentCount::kSpanMax), now);
  if (rate >= kQueueing * rate_before_) {
    finding_ = Finding::kQueueing;
    cap_ = 1.5 * rate * base_ + 2;
    needed_ = 0;
  } else {
    finding_ = Finding::kSlower;
    base_ = median_before_;
    double needed = std::isfinite(per_s_) ? per_s_ * median_before_ : 0;
    cap_ = std::max(2 * cap_, 1.5 * needed);
  }
  cap_ = std::clamp(cap_, std::min(kMin, most_), most_);
}

}  // namespace rowcall::policy
