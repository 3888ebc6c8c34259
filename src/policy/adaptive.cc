// SPDX-License-Identifier: Apache-2.0
#include "policy/adaptive.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/parse.h"
#include "policy/cause_test.h"
#include "policy/flight_control.h"
#include "policy/pace_control.h"
#include "policy/quota_pace.h"

namespace rowcall::policy {
namespace {

using State = PaceControl::State;
using Cause = CauseTest::Cause;

constexpr Duration kLookEvery = std::chrono::milliseconds(5);
constexpr Duration kHearEvery = std::chrono::milliseconds(5);  // headers of every answer would cost too much
// A full window of a second is over sooner than anybody could read that the run is held.
constexpr Duration kHeldFrom = std::chrono::seconds(1);
constexpr double kWorthTelling = 0.1;

std::string rate_words(double per_s) {
  if (per_s < 9.95) {
    auto tenths = static_cast<std::int64_t>(std::lround(per_s * 10));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "/s";
  }
  return grouped(std::llround(per_s)) + "/s";
}

std::string ms_words(Duration d) {
  return std::to_string(d / std::chrono::milliseconds(1)) + " ms";
}

}  // namespace

struct Adaptive::Parts {
  Parts(double per_s, bool find, int in_flight_max, Duration wait_max)
      : ceiling(per_s), pace(per_s, find), quota(wait_max), flight(in_flight_max, per_s) {}

  double pace_per_s(Instant now) const {
    double allowed = std::min(pace.per_s(), quota.per_s(now));
    return cause.testing() ? std::min(allowed, CauseTest::kShare * tested_pace) : allowed;
  }
  void hear(const Reply& reply, OutcomeClass outcome, int in_flight, Instant now);
  void look(Instant now);
  void look_for_cause(Instant now);
  void tell(std::string why, Instant now);
  void tell_pace(Instant now);
  void tell_flight(Instant now);

  double ceiling;
  PaceControl pace;
  QuotaPace quota;
  CauseTest cause;
  FlightControl flight;
  double tested_pace = PaceControl::kNoPace;
  Instant heard_at{};
  Instant looked_at{};

  PaceMove move;
  State told_state = State::kFree;
  double told_pace = PaceControl::kNoPace;
  double told_quota = PaceControl::kNoPace;
  bool told_test = false;
};

Adaptive::Adaptive(const LimitSpec& spec, double per_s, int in_flight_max, Duration wait_max)
    : parts_(spec.adaptive ? std::make_unique<Parts>(per_s, spec.find_rate, in_flight_max, wait_max)
                           : nullptr),
      in_flight_most_(in_flight_max) {}

Adaptive::~Adaptive() = default;

Instant Adaptive::next(int in_flight, Instant now) {
  if (!parts_) return now;
  parts_->look(now);
  Instant chance = std::max(parts_->pace.next(now), parts_->quota.held_until());
  if (chance > now) return chance;
  if (parts_->flight.has_room(in_flight)) return now;
  parts_->flight.blocked();
  return Instant::max();
}

double Adaptive::pace_per_s(Instant now) const {
  return parts_ ? parts_->pace_per_s(now) : PaceControl::kNoPace;
}

void Adaptive::sent(Instant now) {
  if (!parts_) return;
  parts_->pace.sent(now);
  parts_->quota.sent();
}

void Adaptive::ended(OutcomeClass outcome, const Reply& reply, Instant granted_at, int in_flight,
                     Instant now) {
  if (!parts_ || !reply.on_wire) return;
  Parts& p = *parts_;
  if (!reply.rate_headers.empty()) p.hear(reply, outcome, in_flight, now);
  switch (outcome) {
    case OutcomeClass::kSuccess:
    case OutcomeClass::kNoMatch:
    case OutcomeClass::kPermanent:
      p.flight.answered(now - reply.sent_at, in_flight, now);
      p.pace.delivered(granted_at, now);
      p.cause.record(false, now);
      break;
    case OutcomeClass::kThrottled: p.pace.throttled(granted_at, now); break;
    case OutcomeClass::kTransient:
      p.cause.record(true, now);
      if (p.cause.cause(now) == Cause::kPace) p.pace.throttled(granted_at, now);
      break;
    case OutcomeClass::kFatal: break;
  }
  p.look(now);
}

void Adaptive::Parts::look_for_cause(Instant now) {
  using namespace std::chrono_literals;
  CauseTest::Flow flow{pace.delivered_per_s(1s, now), pace.sent_per_s(1s, now), pace.sent_per_s(250ms, now)};
  if (!cause.look(flow, now)) return;
  if (cause.testing()) {
    tested_pace = pace.present(now);
    tell("calls fail: is it the pace? It is cut to 70 % for a moment, to see", now);
  } else if (cause.cause(now) == Cause::kPace) {
    pace.cut(now);
    told_state = pace.state();
    told_pace = pace.per_s();
    tell("as much gets through at a lower pace: the API sheds what is too much for it", now);
  } else {
    tell("a lower pace does not help: calls fail by themselves", now);
  }
}

void Adaptive::Parts::hear(const Reply& reply, OutcomeClass outcome, int in_flight, Instant now) {
  bool worth = outcome == OutcomeClass::kThrottled || quota.near_end() || now - heard_at >= kHearEvery;
  if (!worth) return;
  heard_at = now;
  auto quotas = read_rate_headers(reply.rate_headers, reply.date);
  quota.heard(quotas, in_flight, std::min(pace.per_s(), ceiling), now);
}

void Adaptive::Parts::look(Instant now) {
  if (now - looked_at < kLookEvery) return;
  looked_at = now;
  look_for_cause(now);
  Duration round_trip = flight.round_trip();
  pace.look(now, round_trip);
  if (pace.state() != told_state || pace.per_s() != told_pace) tell_pace(now);
  double asked = quota.per_s(now);
  if (std::abs(asked - told_quota) > kWorthTelling * told_quota ||
      std::isinf(asked) != std::isinf(told_quota)) {
    told_quota = asked;
    tell(std::isinf(asked) ? "the rate headers ask for nothing any more"
                           : "the API's rate headers allow " + rate_words(asked),
         now);
  }
  int cap = flight.cap();
  auto finding = flight.finding();
  bool testing = flight.testing();
  flight.look(now);
  if (flight.cap() != cap || flight.finding() != finding || flight.testing() != testing) tell_flight(now);
}

void Adaptive::Parts::tell_pace(Instant now) {
  State state = pace.state();
  double now_at = pace.per_s();
  bool entered = std::exchange(told_state, state) != state;
  double before = std::exchange(told_pace, now_at);
  switch (state) {
    case State::kFree:
      if (entered) tell("the configured limit is borne again", now);
      break;
    case State::kHolding:
      tell((now_at < before ? "the API refuses more than " : "the API bears ") + rate_words(now_at), now);
      break;
    case State::kClimbing:
      if (entered) tell("trying whether the API bears more", now);
      break;
    case State::kClosed:
      tell("the API refuses everything: single calls ask when it accepts again", now);
      break;
  }
}

void Adaptive::Parts::tell_flight(Instant now) {
  bool test_began = flight.testing() && !told_test;
  bool test_ended = !flight.testing() && told_test;
  told_test = flight.testing();
  if (test_began) {
    tell("answers take " + ms_words(flight.round_trip()) + " instead of " + ms_words(flight.base()) +
             ": does the API queue? Half as many calls in flight, to see",
         now);
  } else if (test_ended) {
    bool queueing = flight.finding() == FlightControl::Finding::kQueueing;
    tell(queueing ? "as much gets through with half in flight: the API queues, fewer are sent at a time"
                  : "less gets through with half in flight: the API is slower, more are sent at a time",
         now);
  }
}

void Adaptive::Parts::tell(std::string why, Instant now) {
  ++move.number;
  move.per_s = std::min(pace_per_s(now), ceiling);
  move.in_flight_max = flight.cap();
  move.why = std::move(why);
}

int Adaptive::in_flight_max() const {
  return parts_ ? parts_->flight.cap() : in_flight_most_;
}

const PaceMove& Adaptive::last_move() const {
  return parts_ ? parts_->move : none_;
}

std::string Adaptive::found() const {
  if (!parts_) return "";
  const PaceControl& pace = parts_->pace;
  if (pace.refused_ever()) return "the API refuses more than about " + rate_words(pace.borne_per_s());
  return "the API refused nothing, at up to " + rate_words(pace.delivered_most());
}

Instant Adaptive::held_since(Instant now) const {
  if (!parts_) return Instant::max();
  if (parts_->quota.held_until() > now) return now;
  const PaceControl& pace = parts_->pace;
  bool closed = pace.state() == State::kClosed && now - pace.closed_since() >= kHeldFrom;
  return closed ? pace.closed_since() : Instant::max();
}

Instant Adaptive::held_until(Instant now) const {
  return parts_ ? std::max({parts_->pace.next(now), parts_->quota.held_until(), now}) : now;
}

const char* Adaptive::held_why(Instant now) const {
  return parts_ && parts_->quota.held_until() > now ? "the API's rate headers say that no calls are left"
                                                    : "the API refuses everything as too fast";
}

}  // namespace rowcall::policy
