// SPDX-License-Identifier: Apache-2.0
// The adaptive control against simulated APIs: limiter, control and API in one loop, without the engine.
#include "policy/adaptive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "policy/dice.h"
#include "policy/limiter.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBegin{1000s};

// What an API does with a call that arrives now: its status (0: no answer in time) and how long that takes.
struct Served {
  int status = 200;
  Duration takes = 20ms;
  std::string rate_headers;
};

class Api {
 public:
  virtual ~Api() = default;
  virtual Served serve(Instant now) = 0;
};

// So many accepted calls in any second.
class SlidingLimit : public Api {
 public:
  explicit SlidingLimit(std::size_t calls, int status = 429) : limit(calls), status_(status) {}
  Served serve(Instant now) override {
    while (!accepted_.empty() && accepted_.front() + 1s <= now) accepted_.pop_front();
    if (accepted_.size() >= limit) return {status_, 2ms, ""};
    accepted_.push_back(now);
    return {};
  }
  std::size_t limit;

 private:
  int status_;
  std::deque<Instant> accepted_;
};

// A bucket without room to spare.
class BucketLimit429 : public Api {
 public:
  explicit BucketLimit429(double calls_per_s) : per_s(calls_per_s) {}
  Served serve(Instant now) override {
    level_ = std::min(level_ + per_s * seconds(now - at_), per_s / 20);
    at_ = now;
    if (level_ < 1) return {429, 2ms, ""};
    level_ -= 1;
    return {};
  }
  double per_s;

 private:
  double level_ = 0;
  Instant at_ = kBegin;
};

// Works calls off one by one.
class Queue : public Api {
 public:
  explicit Queue(double calls_per_s) : per_s(calls_per_s) {}
  Served serve(Instant now) override {
    busy_until_ = std::max(busy_until_, now) + from_seconds(1 / per_s);
    return {200, busy_until_ - now + latency, ""};
  }
  double per_s;
  Duration latency = 20ms;

 private:
  Instant busy_until_ = kBegin;
};

class Failing : public Api {
 public:
  explicit Failing(double share) : share_(share) {}
  Served serve(Instant) override { return {dice_.share() < share_ ? 503 : 200, 20ms, ""}; }

 private:
  double share_;
  Dice dice_{5};
};

struct Traffic {
  std::int64_t sent = 0;
  std::int64_t good = 0;
  std::int64_t bad = 0;
  int in_flight_most = 0;
  std::vector<double> latencies;  // of good ones, in seconds
  double p95() {
    std::ranges::sort(latencies);
    return latencies.empty() ? 0 : latencies[latencies.size() * 95 / 100];
  }
};

class Loop {
 public:
  explicit Loop(double per_s, bool adaptive = true)
      : spec_(spec_of(per_s, adaptive)), limiter_(spec_), adaptive_(spec_, per_s, 4096, 300s) {}

  Adaptive& adaptive() { return adaptive_; }
  Instant now() const { return now_; }

  // A sender that always has calls to send.
  Traffic run(Api& api, Duration time) {
    Traffic traffic;
    Instant end = now_ + time;
    while (now_ < end) {
      while (!out_.empty() && out_.top().at <= now_) answer(traffic);
      Instant chance = adaptive_.next(static_cast<int>(out_.size()), now_);
      if (chance <= now_) {
        limiter_.set_pace(adaptive_.pace_per_s(now_));
        chance = limiter_.next(now_);
      }
      if (chance <= now_) {
        send(api, traffic);
        continue;
      }
      Instant next = out_.empty() ? chance : std::min(chance, out_.top().at);
      now_ = std::min(std::max(next, now_ + 1us), end);
    }
    return traffic;
  }

 private:
  struct Out {
    Instant at;
    Instant sent_at;
    Permit permit;
    Served served;
    bool operator>(const Out& other) const { return at > other.at; }
  };

  static LimitSpec spec_of(double per_s, bool adaptive) {
    LimitSpec spec;
    spec.rate = {{std::llround(per_s), 1s}};
    spec.adaptive = adaptive;
    return spec;
  }

  void send(Api& api, Traffic& traffic) {
    Permit permit = limiter_.take(now_);
    limiter_.sent(permit, now_);
    adaptive_.sent(now_);
    Served served = api.serve(now_ + 1ms);
    out_.push({now_ + served.takes + 2ms, now_, permit, served});
    ++traffic.sent;
    traffic.in_flight_most = std::max(traffic.in_flight_most, static_cast<int>(out_.size()));
  }

  void answer(Traffic& traffic) {
    Out out = out_.top();
    out_.pop();
    limiter_.answered(out.permit, out.sent_at, out.at);
    Reply reply;
    reply.status = out.served.status;
    reply.rate_headers = out.served.rate_headers;
    reply.on_wire = true;
    reply.sent_at = out.sent_at;
    reply.done_at = out.at;
    OutcomeClass outcome = reply.status == 200   ? OutcomeClass::kSuccess
                           : reply.status == 429 ? OutcomeClass::kThrottled
                                                 : OutcomeClass::kTransient;
    adaptive_.ended(outcome, reply, out.sent_at, static_cast<int>(out_.size()), out.at);
    (reply.status == 200 ? traffic.good : traffic.bad) += 1;
    if (reply.status == 200) traffic.latencies.push_back(seconds(reply.latency()));
  }

  LimitSpec spec_;
  Limiter limiter_;
  Adaptive adaptive_;
  Instant now_ = kBegin;
  std::priority_queue<Out, std::vector<Out>, std::greater<>> out_;
};

TEST(Adaptive, AHealthyApiIsCalledAtTheLimitAndNothingMoves) {
  for (double per_s : {5.0, 100.0, 1000.0}) {
    Loop with(per_s);
    Loop without(per_s, /*adaptive=*/false);
    Queue api(100'000);
    Queue same(100'000);
    Traffic traffic = with.run(api, 120s);
    EXPECT_EQ(traffic.sent, without.run(same, 120s).sent) << per_s;
    EXPECT_EQ(with.adaptive().last_move().number, 0u) << with.adaptive().last_move().why;
  }
}

TEST(Adaptive, ALowerLimitIsFoundAtOnceAndWithFewRefusals) {
  Loop loop(1000);
  SlidingLimit api(1000);
  loop.run(api, 20s);
  api.limit = 400;
  // For 0.6 s the last second holds too many calls: nothing can get through.
  Traffic first = loop.run(api, 600ms);
  EXPECT_LT(first.bad, 120);
  Traffic traffic = loop.run(api, 39s);
  EXPECT_GT(traffic.good, 0.98 * 39 * 400);
  EXPECT_LT(first.bad + traffic.bad, 0.01 * 40 * 400);
  EXPECT_NE(loop.adaptive().last_move().number, 0u);
  api.limit = 1000;
  loop.run(api, 5s);
  EXPECT_GT(loop.run(api, 10s).good, 9600);
}

TEST(Adaptive, ABucketIsFoundToo) {
  Loop loop(1000);
  BucketLimit429 api(2000);
  loop.run(api, 20s);
  api.per_s = 400;
  Traffic traffic = loop.run(api, 40s);
  EXPECT_GT(traffic.good, 0.985 * 40 * 400);
  EXPECT_LT(traffic.bad, 0.01 * 40 * 400);
}

TEST(Adaptive, ALimitThatMovesIsFollowedBothWays) {
  Loop loop(1000);
  SlidingLimit api(900);
  loop.run(api, 20s);
  std::int64_t good = 0;
  for (int i = 0; i < 6; ++i) {
    api.limit = i % 2 == 0 ? 450 : 900;
    good += loop.run(api, 8s).good;
  }
  EXPECT_GT(static_cast<double>(good), 0.88 * 6 * 8 * 675);
}

TEST(Adaptive, SlowRatesAreControlledToo) {
  Loop loop(10);
  SlidingLimit api(4);
  Traffic traffic = loop.run(api, 300s);
  EXPECT_GT(traffic.good, 0.8 * 300 * 4);
  EXPECT_LT(traffic.bad, 0.15 * 300 * 4);
}

TEST(Adaptive, FailuresThatComeFromThePaceAreTreatedAsRefusals) {
  Loop loop(1000);
  SlidingLimit api(1000, 503);
  loop.run(api, 20s);
  api.limit = 400;
  loop.run(api, 5s);
  Traffic traffic = loop.run(api, 30s);
  EXPECT_GT(traffic.good, 0.97 * 30 * 400);
  EXPECT_LT(traffic.bad, 0.02 * 30 * 400);
}

TEST(Adaptive, FailuresThatComeByThemselvesDoNotSlowARun) {
  Loop loop(1000);
  Failing api(0.3);
  Traffic traffic = loop.run(api, 40s);
  EXPECT_GT(traffic.good, 0.98 * 40 * 700);
  EXPECT_TRUE(std::isinf(loop.adaptive().pace_per_s(loop.now())));
}

TEST(Adaptive, AQueueIsKeptShort) {
  Loop loop(1000);
  Queue api(1500);
  loop.run(api, 20s);
  api.per_s = 300;
  Traffic traffic = loop.run(api, 40s);
  EXPECT_GT(traffic.good, 0.96 * 40 * 300);
  EXPECT_LT(traffic.p95(), 0.1);
  EXPECT_LT(traffic.in_flight_most, 150);
  api.per_s = 1500;
  loop.run(api, 3s);
  EXPECT_GT(loop.run(api, 10s).good, 9500);
}

TEST(Adaptive, ASlowerApiGetsMoreCallsAtATime) {
  Loop loop(1000);
  Queue api(100'000);
  loop.run(api, 20s);
  api.latency = 200ms;
  loop.run(api, 1500ms);
  // The limiter's guard takes 50 ms a second for the slower answers.
  EXPECT_GT(loop.run(api, 20s).good, 0.94 * 20'000);
}

TEST(Adaptive, TheRateHeadersOfOneAnswerHoldForAllCalls) {
  class Spoken : public Api {
   public:
    Served serve(Instant) override { return {200, 20ms, "RateLimit-Policy: \"b\";q=50;w=1\n"}; }
  } api;
  Loop loop(1000);
  loop.run(api, 1s);
  EXPECT_NEAR(static_cast<double>(loop.run(api, 10s).good), 500, 15);
  EXPECT_NE(loop.adaptive().last_move().why.find("rate headers"), std::string::npos);
}

TEST(Adaptive, AnApiThatRefusesEverythingIsAskedNowAndThen) {
  Loop loop(1000);
  SlidingLimit api(0);
  Traffic traffic = loop.run(api, 60s);
  EXPECT_LT(traffic.sent, 150);
  EXPECT_LT(loop.adaptive().held_since(loop.now()), kBegin + 1s);
  EXPECT_STREQ(loop.adaptive().held_why(loop.now()), "the API refuses everything as too fast");
  api.limit = 1000;
  loop.run(api, 12s);
  EXPECT_GT(loop.run(api, 10s).good, 9500);
  EXPECT_EQ(loop.adaptive().held_since(loop.now()), Instant::max());
}

TEST(Adaptive, SwitchedOffItNeverSaysNo) {
  Loop loop(1000, /*adaptive=*/false);
  SlidingLimit api(400);
  Traffic traffic = loop.run(api, 10s);
  EXPECT_GT(traffic.sent, 9800);
  EXPECT_EQ(loop.adaptive().in_flight_max(), 4096);
  EXPECT_EQ(loop.adaptive().last_move().number, 0u);
}

}  // namespace
}  // namespace rowcall::policy
