// SPDX-License-Identifier: Apache-2.0
#include "policy/anomaly_runs.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "policy/dice.h"

namespace rowcall::policy {
namespace {

constexpr int kSeconds = 7200;
constexpr int kFirst = 300;
constexpr int kApartMin = 400;

double normal(Dice& dice) {
  double radius = std::sqrt(-2 * std::log(1 - dice.share()));
  return radius * std::cos(2 * std::numbers::pi * dice.share());
}

std::int64_t poisson(Dice& dice, double mean) {
  if (mean > 50) return std::max<std::int64_t>(0, std::llround(mean + std::sqrt(mean) * normal(dice)));
  double product = dice.share();
  std::int64_t n = 0;
  for (double floor = std::exp(-mean); product > floor; ++n) product *= dice.share();
  return n;
}

int length_of(Mishap mishap) {
  switch (mishap) {
    case Mishap::kLatency50:
    case Mishap::kThroughput30: return 30;
    case Mishap::kDrift: return 300;
    default: return 60;
  }
}

// What the second would be like without noise.
struct State {
  double latency = 1, tail = 1, throughput = 1;
  double errors = 0.001, throttled = 0, timeouts = 0, nulls = 0.05;
};

void happen(State& state, const Injected& injected, int second) {
  switch (injected.mishap) {
    case Mishap::kLatency20: state.latency *= 1.2; break;
    case Mishap::kLatency50: state.latency *= 1.5; break;
    case Mishap::kTail: state.tail *= 2; break;
    case Mishap::kThroughput5: state.throughput *= 0.95; break;
    case Mishap::kThroughput30: state.throughput *= 0.7; break;
    case Mishap::kErrors: state.errors = 0.005; break;
    case Mishap::kThrottled: state.throttled = 0.005; break;
    case Mishap::kTimeouts: state.timeouts = 0.002; break;
    case Mishap::kNulls: state.nulls = 0.07; break;
    case Mishap::kDrift: state.latency *= 1 + 0.3 * (second - injected.from) / 300.0; break;
  }
}

}  // namespace

const char* name_of(Mishap mishap) {
  static constexpr const char* names[kMishaps] = {
      "latency +20 %",     "latency +50 %",   "tail x 2",       "throughput -5 %", "throughput -30 %",
      "errors .1 to .5 %", "throttled 0.5 %", "timeouts 0.2 %", "nulls 5 to 7 %",  "drift +30 %/300 s"};
  return names[static_cast<std::size_t>(mishap)];
}

RecordedRun recorded_run(std::uint64_t seed) {
  Dice dice(seed * 0x9e3779b97f4a7c15 + 17);
  RecordedRun out;
  auto turn = dice.next() % kMishaps;
  for (int at = kFirst; at < kSeconds - 400; ++turn) {
    auto mishap = static_cast<Mishap>(turn * 7 % kMishaps);  // all kinds equally often, over the runs
    out.mishaps.push_back({mishap, at, at + length_of(mishap)});
    at += length_of(mishap) + kApartMin - 60 + static_cast<int>(dice.share() * 120);
  }
  double rate = 1000 + 4000 * dice.share();
  double p50 = 0.02 + 0.1 * dice.share();
  double wobble = 0.01 + 0.02 * dice.share();  // of log latency, from second to second
  double correlation = 0.3 + 0.4 * dice.share();
  double noise50 = 0, noise99 = 0, drift = 0;
  out.nulls.reserve(kSeconds);
  std::size_t next = 0;
  for (int t = 0; t < kSeconds; ++t) {
    while (next < out.mishaps.size() && t >= out.mishaps[next].until) ++next;
    State state;
    if (next < out.mishaps.size() && t >= out.mishaps[next].from) happen(state, out.mishaps[next], t);
    double fresh = std::sqrt(1 - correlation * correlation);
    noise50 = correlation * noise50 + fresh * wobble * normal(dice);
    noise99 = correlation * noise99 + fresh * 3 * wobble * normal(dice);
    drift = 0.9995 * drift + 0.0005 * normal(dice);
    bool odd = dice.share() < 1.0 / 400;  // a garbage collection somewhere: one second is slow
    Second second;
    second.at = Instant(std::chrono::seconds(t + 1));
    second.length = std::chrono::seconds(1);
    second.attempts =
        std::max<std::int64_t>(1, std::llround(rate * state.throughput * (1 + 0.01 * normal(dice))));
    auto n = static_cast<double>(second.attempts);
    second.errors = poisson(dice, n * state.errors);
    second.throttled = poisson(dice, n * state.throttled);
    second.timeouts = poisson(dice, n * state.timeouts);
    second.answers = second.attempts - second.timeouts;
    double slow = odd ? 1.5 + dice.share() : 1;
    second.latency_p50 = from_seconds(p50 * state.latency * slow * std::exp(noise50 + drift));
    second.latency_p99 =
        from_seconds(3 * p50 * state.latency * state.tail * slow * std::exp(noise99 + drift));
    out.nulls.push_back({second.answers, poisson(dice, static_cast<double>(second.answers) * state.nulls)});
    second.columns = std::span(&out.nulls.back(), 1);
    out.seconds.push_back(second);
  }
  return out;
}

}  // namespace rowcall::policy
