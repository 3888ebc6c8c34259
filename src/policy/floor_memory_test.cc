// SPDX-License-Identifier: Apache-2.0
// How long shall the fastest round trip be remembered? A path becomes longer for half a minute, then as short
// as before, all at once. With a long memory the guard has been there all the time; with a short one it has
// gone, and calls of before and after the change meet at the server. docs/decisions/0003-limiter.md has the
// table that this test prints.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <queue>
#include <vector>

#include "policy/limiter.h"
#include "policy/limiter_simulation.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kCalls = 1000;
constexpr Duration kOneWay = 5ms;

struct Path {
  Duration longer{};   ///< By that much, on the way to the server,
  Duration service{};  ///< which takes that long.
  Duration from = 15s;
  Duration to = 45s;
};

struct Found {
  std::int64_t worst;  ///< Calls in any second at the server.
  double share;        ///< Of the limit used while the path was long; from 15 s after the change on.
};

Found play(const Path& path, Duration floor_span) {
  LimitSpec spec;
  spec.rate = {{kCalls, 1s}};
  Limiter limiter(spec, Limiter::Permits::kOwn, floor_span);
  struct Answer {
    Instant at;
    Permit permit;
    Instant sent;
    bool operator>(const Answer& other) const { return at > other.at; }
  };
  std::priority_queue<Answer, std::vector<Answer>, std::greater<>> answers;
  constexpr Instant kStart{1h};
  std::vector<Instant> arrivals;
  std::int64_t late_sends = 0;
  for (Instant now = kStart; now < kStart + path.to + 5s;) {
    while (!answers.empty() && answers.top().at <= now) {
      limiter.answered(answers.top().permit, answers.top().sent, answers.top().at);
      answers.pop();
    }
    Instant next = limiter.next(now);
    if (next <= now) {
      Permit permit = limiter.take(now);
      limiter.sent(permit, now);
      Duration at = now - kStart;
      bool longer = at >= path.from && at < path.to;
      Instant arrival = now + kOneWay + (longer ? path.longer : 0ms);
      arrivals.push_back(arrival);
      if (at >= path.from + 15s && at < path.to) ++late_sends;
      answers.push({arrival + path.service + kOneWay, permit, now});
      continue;
    }
    now = answers.empty() ? next : std::min(next, answers.top().at);
  }
  double seconds_late = seconds(path.to - path.from) - 15;
  return {simulation::most_in_any_window(arrivals, 1s),
          static_cast<double>(late_sends) / (kCalls * seconds_late)};
}

TEST(FloorMemory, AShortOneLetsMoreThroughWhenADelayEnds) {
  std::printf("delay   service   remembered   worst second   of the limit used meanwhile\n");
  for (Duration longer : {5ms, 20ms, 50ms, 180ms}) {
    for (Duration service : {2ms, 20ms, 200ms}) {
      Found found[2];
      Duration spans[] = {RoundTripFloor::kSpan, 5s};
      for (int i = 0; i < 2; ++i) {
        // The change comes at some moment of a call's way.
        found[i] = {0, 1};
        for (Duration phase : {0ms, 3ms, 250ms, 777ms}) {
          Path path{longer, service, 15s, 45s + phase};
          Found one = play(path, spans[i]);
          found[i] = {std::max(found[i].worst, one.worst), std::min(found[i].share, one.share)};
        }
        std::printf("%3d ms   %4d ms   %-10s   %12d   %.1f %%\n", static_cast<int>(longer / 1ms),
                    static_cast<int>(service / 1ms), i == 0 ? "5-10 min" : "5-10 s",
                    static_cast<int>(found[i].worst), 100 * found[i].share);
      }
      SCOPED_TRACE(std::to_string(longer / 1ms) + " ms longer, service " + std::to_string(service / 1ms));
      if (longer <= 50ms) {
        EXPECT_LE(found[0].worst, kCalls);
        EXPECT_GT(found[1].worst, kCalls);
      } else {
        EXPECT_GE(found[1].worst, found[0].worst);
      }
      // What the short one brings meanwhile: all of the guard.
      EXPECT_GE(found[1].share, 0.99);
    }
  }
}

}  // namespace
}  // namespace rowcall::policy
