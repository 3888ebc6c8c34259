// SPDX-License-Identifier: Apache-2.0
// For tests: a sender with the bad habits of a real one, on a virtual clock, and the path to its server.
//
// It wakes up late, stops now and then, writes some time after it took its permit, gives permits back
// unsent, has no work for a while, gets answers late, and loses some. Whatever it does, a limiter has to
// keep its limit. The same seed gives the same run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <queue>
#include <vector>

#include "rowcall/time.h"

#include "policy/dice.h"
#include "policy/limiter.h"

namespace rowcall::policy::simulation {

using namespace std::chrono_literals;

/// What the sender and its path are like.
struct World {
  std::uint64_t seed = 1;
  // The end: whichever comes first.
  std::int64_t sends = 10'000;
  Duration length = Duration::max();

  // The sender.
  bool linux_timers = true;    ///< Wakes late: 50 us slack, exp(20 us), and 1 to 5 ms in one of 1000 cases.
  Duration tick{};             ///< Wakes only at multiples of this.
  Duration stop_max{};         ///< Now and then everything stands still, at most that long...
  double stop_share = 0.0005;  ///< ...at that share of sleeps and of writes.
  double unsent_share = 0;     ///< Permits given back.
  double lag_share = 0;        ///< Permits that wait for their write...
  Duration lag_max{};          ///< ...at most that long.
  Duration idle_max{};         ///< Demand comes and goes in phases of at most that length; 0: always there.

  // The path.
  Duration one_way = 5ms;       ///< Least delay, each way.
  Duration spread{};            ///< How much longer a delay can be, each way.
  Duration service = 2ms;       ///< Least time at the server...
  Duration service_more = 5ms;  ///< ...and what comes on top for half of the calls, on average.
  double late_share = 0;        ///< Answers that take up to `late_max` more.
  Duration late_max{};
  double lost_share = 0;  ///< Calls without an answer: seen at once, or after `late_max`.
  /// The server counts a call at any time from its sending to its end, and that much longer if it was
  /// given up; otherwise at its arrival.
  bool counts_anywhere = false;
  Duration counts_after_loss{};
};

/// What came of it, in the order of sending.
struct Trace {
  std::vector<Instant> sent;     ///< When each call really left.
  std::vector<Instant> counted;  ///< When the server counted it.
};

/// The most moments in any half-open window of length `window`. Two pointers; shares nothing with
/// WindowAudit.
inline std::int64_t most_in_any_window(std::vector<Instant> moments, Duration window) {
  std::sort(moments.begin(), moments.end());
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < moments.size(); ++last) {
    while (moments[last] - moments[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return static_cast<std::int64_t>(most);
}

/// `L` is Limiter, or something with its questions.
template <class L>
class Sender {
 public:
  Sender(L* limiter, const World& world) : limiter_(*limiter), world_(world), dice_(world.seed) {}

  Trace run() {
    while (static_cast<std::int64_t>(trace_.sent.size()) < world_.sends && now_ - kStart < world_.length) {
      handle_due_events();
      switch_demand();
      while (wanted_ && limiter_.next(now_) <= now_) take_one();
      sleep();
    }
    return std::move(trace_);
  }

 private:
  enum class What { kWrite, kUnsent, kAnswer, kLoss };
  struct Event {
    Instant at;
    What what;
    Permit permit;
    Instant sent_at;
    bool operator>(const Event& other) const { return at > other.at; }
  };
  static constexpr Instant kStart{1h};

  bool happens(double share) { return share > 0 && dice_.share() < share; }
  Duration up_to(Duration most) { return from_seconds(seconds(most) * dice_.share()); }
  Duration exponential(Duration mean) { return from_seconds(-seconds(mean) * std::log(1 - dice_.share())); }
  /// Half of all are as fast as can be, so that the fastest round trip is soon seen.
  Duration delay(Duration more) { return dice_.share() < 0.5 ? Duration(0) : up_to(more); }

  void handle_due_events() {
    while (!events_.empty() && events_.top().at <= now_) {
      Event event = events_.top();
      events_.pop();
      switch (event.what) {
        case What::kWrite: write(event.permit); break;
        case What::kUnsent: limiter_.unsent(event.permit); break;
        case What::kAnswer: limiter_.answered(event.permit, event.sent_at, now_); break;
        case What::kLoss: limiter_.unanswered(event.permit, now_); break;
      }
    }
  }

  void switch_demand() {
    if (world_.idle_max == Duration(0)) return;
    while (now_ >= switch_at_) {
      wanted_ = !wanted_;
      switch_at_ += up_to(world_.idle_max) + 1ns;
    }
  }

  void take_one() {
    Permit permit = limiter_.take(now_);
    if (happens(world_.unsent_share)) {
      events_.push({now_ + up_to(world_.lag_max), What::kUnsent, permit, {}});
    } else if (happens(world_.lag_share)) {
      events_.push({now_ + up_to(world_.lag_max), What::kWrite, permit, {}});
    } else {
      write(permit);
    }
  }

  /// The call leaves at some moment between the last look at the clock and the next one.
  void write(const Permit& permit) {
    Duration before = up_to(1us);
    Duration after = up_to(1us);
    if (happens(world_.stop_share)) (dice_.share() < 0.5 ? before : after) += up_to(world_.stop_max);
    Instant left = now_ + before;
    now_ = left + after;
    limiter_.sent(permit, now_);
    Instant arrival = arrival_of(left);
    Instant answer = arrival + world_.service + world_.one_way + delay(world_.spread);
    if (dice_.share() < 0.5) answer += exponential(world_.service_more);
    if (happens(world_.late_share)) answer += up_to(world_.late_max);
    bool lost = happens(world_.lost_share);
    if (lost) answer = now_ + (dice_.share() < 0.5 ? up_to(1ms) : world_.late_max);
    answer = std::max(answer, now_);
    events_.push({answer, lost ? What::kLoss : What::kAnswer, permit, now_});
    trace_.sent.push_back(left);
    Duration span = answer - left + (lost ? world_.counts_after_loss : Duration(0));
    trace_.counted.push_back(world_.counts_anywhere ? left + up_to(span) : arrival);
  }

  /// Besides delays of their own, calls are held up together from time to time, the very first ones too.
  Instant arrival_of(Instant left) {
    Instant soonest = left + world_.one_way;
    if (trace_.sent.empty() || happens(0.001)) held_up_until_ = soonest + world_.spread;
    return std::max(soonest + delay(world_.spread), held_up_until_);
  }

  void sleep() {
    Instant wake = wanted_ ? limiter_.next(now_) : switch_at_;
    if (world_.idle_max > Duration(0)) wake = std::min(wake, switch_at_);
    if (!events_.empty()) wake = std::min(wake, events_.top().at);
    wake = std::max(wake, now_);
    if (world_.tick > Duration(0)) {
      auto ticks = (wake.time_since_epoch() + world_.tick - 1ns) / world_.tick;
      wake = Instant(ticks * world_.tick);
    }
    if (world_.linux_timers) {
      wake += 50us + exponential(20us);
      if (happens(0.001)) wake += 1ms + up_to(4ms);
    }
    if (happens(world_.stop_share)) wake += up_to(world_.stop_max);
    now_ = std::max(wake, now_ + 1ns);
  }

  L& limiter_;
  const World world_;
  Dice dice_;
  Trace trace_;
  Instant now_ = kStart;
  bool wanted_ = true;
  Instant switch_at_ = kStart;
  Instant held_up_until_{};
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

template <class L>
Trace run(L* limiter, const World& world) {
  return Sender<L>(limiter, world).run();
}

}  // namespace rowcall::policy::simulation
