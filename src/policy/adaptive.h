// SPDX-License-Identifier: Apache-2.0
// Adaptive control: how far below its limits a run stays, because the API cannot bear more at the moment.
//
// Four sources of knowledge, one answer: refusals (PaceControl), rate headers (QuotaPace), failures that come
// from the pace (CauseTest), and queueing (FlightControl). It can only take away from what the limits allow.
// docs/rate-control.md tells what it does, and why each constant is what it is.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "rowcall/job.h"
#include "rowcall/outcome.h"
#include "rowcall/time.h"

namespace rowcall::policy {

/// A move of the control, for people.
struct PaceMove {
  std::uint64_t number = 0;  ///< Of moves so far; a new one has a new number.
  double per_s = std::numeric_limits<double>::infinity();
  int in_flight_max = 0;
  std::string why;
};

class Adaptive {
 public:
  /// `per_s` is what the limits allow (infinity: no limit), `in_flight_max` the number of lines.
  /// `wait_max`: a longer reset of a quota is cut to it.
  Adaptive(const LimitSpec& spec, double per_s, int in_flight_max, Duration wait_max);
  ~Adaptive();
  Adaptive(const Adaptive&) = delete;
  Adaptive& operator=(const Adaptive&) = delete;

  /// When an attempt may be sent: not later than `now` if one may be sent now. Instant::max(): ask again
  /// when an attempt has ended.
  Instant next(int in_flight, Instant now);
  /// The pace that holds now, in calls a second; infinity: that of the limits.
  double pace_per_s(Instant now) const;
  /// An attempt is about to be sent. Only when `next(now) <= now`.
  void sent(Instant now);
  /// It ended. `granted_at` is the time given to `sent`; `in_flight` are the others still out.
  void ended(OutcomeClass outcome, const Reply& reply, Instant granted_at, int in_flight, Instant now);

  /// Calls that may be in flight.
  int in_flight_max() const;
  /// Everything is refused, or a quota is used up: since when the run is held for it, or Instant::max().
  Instant held_since(Instant now) const;
  /// Meanwhile: the earliest next attempt, and why.
  Instant held_until(Instant now) const;
  const char* held_why(Instant now) const;

  const PaceMove& last_move() const;
  /// What the API bears as far as it is known, in words.
  std::string found() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;  // empty when the job wants no adaptive control
  int in_flight_most_;
  PaceMove none_;
};

}  // namespace rowcall::policy
