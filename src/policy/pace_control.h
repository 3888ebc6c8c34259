// SPDX-License-Identifier: Apache-2.0
// Which pace below the configured limits the API bears: found by acting, then asking what got through.
//
// Many APIs count calls in a window of a second. So a pace of n a second also means: at most n calls in any
// second, those not counted that were refused. After a climb the calls of the last second are all still in
// the API's window, and only that many can be accepted again as leave it.
//
// Free: no pace but that of the limits. When answers say "too fast" the pace is set just below what got
// through, held, and tried again from there in growing steps: a step that is answered well is followed by a
// larger one, the first refusal ends the climb at what was delivered in the last second. An API that refuses
// everything (its window is full) gets single calls, further and further apart, until one is accepted; what
// it had accepted in the second before that one is what it accepts in a second.
//
// Every constant, with its reason and what it was measured against, is in docs/rate-control.md.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <limits>

#include "rowcall/time.h"

#include "policy/recent_count.h"

namespace rowcall::policy {

class PaceControl {
 public:
  enum class State {
    kFree,      ///< The limits alone decide.
    kHolding,   ///< At a pace that was borne.
    kClimbing,  ///< Trying more, step by step.
    kClosed,    ///< Everything was refused: single calls ask whether the API accepts again.
  };
  static constexpr double kNoPace = std::numeric_limits<double>::infinity();
  static constexpr double kMargin = 0.995;  ///< Of what was delivered, so that jitter stays below the limit.
  static constexpr double kFindFrom = 20;   ///< Calls a second to begin with when no limit is known.

  /// `ceiling_per_s` is what the limits allow; infinity when there is none. `find`: begin low and climb.
  PaceControl(double ceiling_per_s, bool find);

  void sent(Instant now);
  /// An attempt granted at `granted_at` was answered: the API did its work.
  void delivered(Instant granted_at, Instant now);
  /// It was refused for coming too fast.
  void throttled(Instant granted_at, Instant now);
  /// Takes the steps that are due. `round_trip` is that of a usual call.
  void look(Instant now, Duration round_trip);
  /// The API bears no more than gets through now, as another source of knowledge says.
  void cut(Instant now);

  State state() const { return state_; }
  /// Calls a second that may be sent; kNoPace: as many as the limits allow.
  double per_s() const { return pace_; }
  /// The earliest time of the next call as far as a full window is the reason; the pace itself is for the
  /// limiter to keep.
  Instant next(Instant now) const;
  /// When closed: since when nothing has been accepted.
  Instant closed_since() const { return closed_since_; }
  /// Has the API ever refused a pace; the last pace it bore, and the most that got through in a second.
  bool refused_ever() const { return borne_ > 0; }
  double borne_per_s() const { return borne_; }
  double delivered_most() const { return delivered_most_; }
  /// Calls that got through, and calls that were sent, in the last `span`, as calls a second.
  double delivered_per_s(Duration span, Instant now) const { return delivered_.per_s(span, now); }
  double sent_per_s(Duration span, Instant now) const { return sent_.per_s(span, now); }
  /// The pace, or without one what is being sent.
  double present(Instant now) const;

 private:
  static constexpr Duration kSecond = std::chrono::seconds(1);
  static constexpr Duration kStep = std::chrono::milliseconds(100);
  static constexpr int kStepResults = 4;
  static constexpr double kFirstStep = 1.04;
  static constexpr double kLargestStep = 1.25;
  static constexpr double kProbeFirst = 1;     // seconds at a pace before the first climb
  static constexpr double kProbeMost = 2;      // the same, when climbs keep failing at the same pace
  static constexpr double kProbeSoon = 0.3;    // when a climb ended far below where it was
  static constexpr double kProbeMoving = 0.7;  // when the limit has been seen to move up of late
  static constexpr double kMoved = 1.4;        // a climb as far as this: the limit has moved
  static constexpr Duration kMovingFor = std::chrono::minutes(1);
  static constexpr int kWindowsSeen = 2;  // climbs that ended at a full window, one after the other
  static constexpr Duration kTrickleFine = std::chrono::milliseconds(12);
  static constexpr Duration kTrickleFirst = std::chrono::milliseconds(25);
  static constexpr Duration kTrickleMost = std::chrono::seconds(5);
  static constexpr double kTrickleGrowth = 1.15;

  void refused(Instant now);
  void fail_climb(Instant now);
  void close(Instant now);
  void open(Instant granted_at, Instant now);
  void hold(double per_s, double probe_after, Instant now);
  void step(Instant now, Duration round_trip);
  void begin_anew(Instant now);
  bool used(Instant now) const;
  double least() const;

  double ceiling_;
  State state_ = State::kFree;
  double pace_ = kNoPace;
  RecentCount sent_;
  RecentCount taken_;  // sent, and not refused: by the time of the grant
  RecentCount delivered_;

  // Of attempts granted since the last change of pace: only they say anything about it.
  Instant changed_at_ = Instant::min();
  int answered_ = 0;
  int refused_ = 0;      // since `first_refused_at_`
  int in_a_row_ = 0;     // refused without an accepted one between
  int since_first_ = 0;  // results since the first refusal, with it
  Instant first_refused_at_{};
  Instant row_granted_at_{};  // when the first of the row was granted

  double borne_ = 0;
  double delivered_most_ = 0;

  Instant probe_at_{};
  double probe_after_ = kProbeFirst;
  Instant step_until_{};
  double factor_ = kFirstStep;
  double before_climb_ = 0;
  Instant at_ceiling_since_{};

  Instant closed_since_{};
  double before_closed_ = 0;
  double taken_at_close_ = 0;
  Instant window_from_{};  // the API holds no call from before against us
  Instant refused_at_{};   // the latest grant of a call that was refused
  int windows_seen_ = 0;
  bool closed_by_climb_ = false;  // not by a new limit
  Instant climb_failed_at_{};
  Instant moving_until_ = Instant::min();
  Duration trickle_ = kTrickleFirst;
  Instant trickle_at_{};
};

}  // namespace rowcall::policy
