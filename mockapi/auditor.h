// SPDX-License-Identifier: Apache-2.0
// How many calls came in any window of time, found by the receiver: what the sender's limit really was.
//
// Written for itself: nothing here is shared with the limiter it audits, nor with that limiter's own check.
// A window is (t - P, t]: two arrivals exactly P apart are in different windows.
//
// Plain state, time is an argument; any one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::mockapi {

/// Arrivals within the last P, and the most there ever were.
///
/// Exact while a window holds up to 1,048,576 moments of arrival. Beyond that, times are rounded up to a
/// P / 1,048,576: memory is bounded (32 MB a window), and the count may be too high by what came within such
/// a slice, never too low.
class SlidingWindow {
 public:
  explicit SlidingWindow(Duration period) : period_(period) {}

  /// Arrivals in (now - P, now]. Forgets older ones: `now` must not go back.
  std::int64_t count(Instant now);
  /// One more arrival. A time before the latest one counts as the latest one.
  void add(Instant at);

  Duration period() const { return period_; }
  std::int64_t worst() const { return worst_; }     ///< The most arrivals in any window.
  Instant worst_end() const { return worst_end_; }  ///< The last arrival of the first such window.

 private:
  struct Entry {
    Instant at;
    std::int64_t arrivals;
  };
  static constexpr std::size_t kExactMax = 1 << 20;

  Duration period_;
  std::deque<Entry> entries_;
  std::int64_t held_ = 0;
  std::int64_t worst_ = 0;
  Instant worst_end_{};
};

/// What was found about one limit.
struct LimitFinding {
  RateLimit limit;
  bool refuses = false;    ///< The server enforced it; else it was only held against the arrivals.
  std::int64_t worst = 0;  ///< The most arrivals in any window of its length.
  Duration worst_after{};  ///< From the first arrival to the end of that window.
  std::int64_t over = 0;   ///< Arrivals that were more than the limit allows in the window they ended.
  double share_used = 0;   ///< Of what the limit allows in the time from first to last arrival.
};

struct Findings {
  std::int64_t arrivals = 0;
  Instant first{};  ///< Only with arrivals.
  Instant last{};
  std::int64_t worst_1s = 0;
  std::int64_t worst_100ms = 0;
  std::vector<LimitFinding> limits;

  Duration duration() const { return arrivals == 0 ? Duration::zero() : last - first; }
  /// Arrivals a second over the duration; 0 with fewer than two moments.
  double mean_rate() const;
};

/// Holds every arrival, refused or not, against each limit.
class Auditor {
 public:
  /// Times may come out of order by up to `disorder` (kernel stamps of different connections): that long an
  /// arrival waits to be sorted in. Zero: they come in order.
  Auditor(const std::vector<RateLimit>& enforced, const std::vector<RateLimit>& audited, Duration disorder);

  void arrived(Instant at);
  /// Everything found so far. Sorts in what is still waiting.
  Findings findings();
  /// Changes which limits are enforced; what was found about the others stays.
  void enforce(const std::vector<RateLimit>& limits);

 private:
  struct Watch {
    RateLimit limit;
    bool refuses;
    SlidingWindow window;
    std::int64_t over = 0;
  };
  void settle(Instant at);
  void watch(const RateLimit& limit, bool refuses);

  Duration disorder_;
  std::priority_queue<Instant, std::vector<Instant>, std::greater<>> waiting_;
  Instant newest_ = Instant::min();
  std::int64_t settled_ = 0;
  Instant first_{};
  Instant last_{};
  SlidingWindow second_{std::chrono::seconds(1)};
  SlidingWindow tenth_{std::chrono::milliseconds(100)};
  std::vector<Watch> watches_;
};

}  // namespace rowcall::mockapi
