// SPDX-License-Identifier: Apache-2.0
#include "policy/pace_control.h"

#include <algorithm>
#include <cmath>

namespace rowcall::policy {

namespace {

// A pace that few calls can confirm or refute is no pace: one call in two seconds, or the limit if lower.
constexpr double kLeastPerS = 0.5;
constexpr double kUsedFrom = 0.8;  // share of the pace that must be sent for its success to mean something
constexpr int kRefusedMin = 2;     // one refusal may be anything
constexpr double kRefusedShare = 0.005;  // fewer are not worth a cut
constexpr int kSampleMin = 20;           // results after the first refusal: enough to see in which share
constexpr double kWindowFrom = 10;       // calls a second; of fewer a second holds too few to count
constexpr Duration kAskAgain = std::chrono::milliseconds(1);
constexpr double kClosedWithin = 0.016;  // seconds' worth of refusals in a row: nothing is accepted
constexpr double kClosedRowMin = 3;
constexpr double kClosedRowMax = 16;

}  // namespace

PaceControl::PaceControl(double ceiling_per_s, bool find) : ceiling_(ceiling_per_s) {
  if (!find) return;
  pace_ = std::min(kFindFrom, ceiling_);
  before_climb_ = pace_;
  state_ = State::kClimbing;
}

double PaceControl::least() const {
  return std::min(kLeastPerS, ceiling_);
}

double PaceControl::present(Instant now) const {
  if (std::isfinite(pace_)) return pace_;
  double sending = std::max(sent_.per_s(kSecond, now), sent_.per_s(kStep, now));
  return std::clamp(sending, least(), ceiling_);
}

// Does the run send as fast as it may? Otherwise good answers say nothing about the pace.
bool PaceControl::used(Instant now) const {
  double due = std::min(pace_, ceiling_) * seconds(kStep);
  return sent_.within(kStep, now) >= kUsedFrom * due - 1;
}

void PaceControl::begin_anew(Instant now) {
  changed_at_ = now;
  answered_ = refused_ = in_a_row_ = since_first_ = 0;
}

Instant PaceControl::next(Instant now) const {
  if (state_ == State::kClosed) return trickle_at_;
  if (pace_ == kNoPace || pace_ < kWindowFrom) return now;
  bool full = taken_.within(std::clamp(now - window_from_, Duration(0), kSecond), now) >= std::ceil(pace_);
  return full ? now + std::max(kAskAgain, from_seconds(0.5 / pace_)) : now;
}

void PaceControl::sent(Instant now) {
  sent_.add(now);
  taken_.add(now);
  if (state_ != State::kClosed) return;
  trickle_at_ = now + trickle_;
  // Where it opens says what the new limit is, so it is looked for closely, as long as it may be a second's.
  bool close_look = !closed_by_climb_ && now - closed_since_ < kSecond;
  if (!close_look) trickle_ = std::min(from_seconds(seconds(trickle_) * kTrickleGrowth), kTrickleMost);
}

void PaceControl::delivered(Instant granted_at, Instant now) {
  delivered_.add(now);
  if (state_ == State::kClosed && granted_at > refused_at_) return open(granted_at, now);
  if (granted_at < changed_at_) return;
  ++answered_;
  in_a_row_ = 0;
  if (since_first_ > 0) ++since_first_;
  if (state_ == State::kClosed) open(granted_at, now);
}

void PaceControl::throttled(Instant granted_at, Instant now) {
  taken_.take_back(granted_at);
  refused_at_ = std::max(refused_at_, granted_at);
  if (state_ == State::kClosed || granted_at < changed_at_) return;
  // Refusals far apart are each the first of its kind.
  Duration together = std::max(kSecond, from_seconds(kSampleMin / present(now)));
  if (refused_ > 0 && now - first_refused_at_ > together) refused_ = since_first_ = 0;
  if (refused_++ == 0) first_refused_at_ = now;
  if (in_a_row_++ == 0) row_granted_at_ = granted_at;
  ++since_first_;
  refused(now);
}

void PaceControl::refused(Instant now) {
  double row = std::clamp(present(now) * kClosedWithin, kClosedRowMin, kClosedRowMax);
  bool nothing_accepted = in_a_row_ == since_first_ || in_a_row_ >= kClosedRowMax;
  if (in_a_row_ >= row && nothing_accepted) return close(now);
  if (state_ == State::kClimbing) return fail_climb(now);
  if (refused_ < kRefusedMin) return;
  bool seen_enough = since_first_ >= kSampleMin || now - first_refused_at_ >= kStep;
  if (!seen_enough || refused_ < kRefusedShare * since_first_) return;
  // From the first refusal to the last: so many results, and one refusal less, lie between them.
  double share = static_cast<double>(refused_ - 1) / std::max(since_first_ - 1, 1);
  double here = present(now);
  double borne = std::min(here * (1 - share), delivered_per_s(kSecond, now));
  // It accepts some, though it has just accepted far more in a second: it does not count by the second.
  if (state_ == State::kFree && taken_.within(kSecond, now) > 1.25 * borne) window_from_ = now;
  hold(std::clamp(kMargin * borne, 0.3 * here, 0.98 * here), kProbeFirst, now);
}

void PaceControl::fail_climb(Instant now) {
  double here = present(now);
  double borne = kMargin * delivered_per_s(kSecond, now);
  double next = std::max(std::min(borne, 0.98 * here), 0.97 * before_climb_);
  bool same = std::abs(next - before_climb_) <= 0.03 * before_climb_;
  double again = same ? std::min(probe_after_ * 1.5, kProbeMost) : kProbeFirst;
  if (next > kMoved * before_climb_) {
    moving_until_ = now + kMovingFor;
    windows_seen_ = 0;
  }
  if (now < moving_until_) again = std::min(again, kProbeMoving);
  climb_failed_at_ = now;
  // A steep climb is ahead of what the last second can tell.
  if (next < 0.8 * here / factor_) again = kProbeSoon;
  hold(next, again, now);
}

void PaceControl::hold(double per_s, double probe_after, Instant now) {
  state_ = State::kHolding;
  pace_ = borne_ = std::max(per_s, least());
  probe_after_ = probe_after;
  probe_at_ = now + from_seconds(probe_after);
  begin_anew(now);
}

void PaceControl::close(Instant now) {
  if (state_ == State::kClimbing) climb_failed_at_ = now;
  closed_by_climb_ = row_granted_at_ - climb_failed_at_ <= kSecond;
  taken_at_close_ = taken_.within(kSecond, row_granted_at_);
  before_closed_ = present(now);
  closed_since_ = row_granted_at_;
  state_ = State::kClosed;
  pace_ = before_closed_;
  trickle_ = closed_by_climb_ ? kTrickleFirst : kTrickleFine;
  trickle_at_ = now + trickle_;
  begin_anew(now);
}

// A window of a second that was full, a sliding one or one of the clock, held all that was accepted in the
// second before it accepts again. When nobody asked for long (everyone waited, or it is a longer window),
// what was accepted before the first refusal tells, if that was less than what was sent.
void PaceControl::open(Instant granted_at, Instant now) {
  Duration unknown = granted_at - refused_at_;
  Instant opened = refused_at_ + unknown / 2;
  bool known = opened - closed_since_ < kSecond && unknown < kSecond / 2;
  double borne = kMargin * (known ? taken_.within(kSecond, opened) : taken_at_close_);
  double after = known ? kProbeMost : kProbeFirst;
  if (!known && borne > 0.95 * before_closed_) {
    borne = before_closed_ / 2;
    after = kProbeSoon;
  }
  if (now < moving_until_) after = std::min(after, kProbeMoving);
  bool same = std::abs(borne - before_climb_) <= 0.1 * before_climb_;
  windows_seen_ = known && closed_by_climb_ && same ? windows_seen_ + 1 : 0;
  window_from_ = Instant{};
  hold(std::min(borne, 0.98 * before_closed_), after, now);
}

void PaceControl::cut(Instant now) {
  hold(std::min(kMargin * delivered_per_s(kSecond, now), 0.98 * present(now)), kProbeFirst, now);
}

void PaceControl::look(Instant now, Duration round_trip) {
  delivered_most_ = std::max(delivered_most_, delivered_.per_s(kSecond, now));
  if (state_ == State::kHolding && now >= probe_at_ && used(now)) {
    state_ = State::kClimbing;
    before_climb_ = pace_;
    factor_ = kFirstStep;
    step(now, round_trip);
  } else if (state_ == State::kClimbing && now >= step_until_ && answered_ >= kStepResults && used(now)) {
    factor_ = std::min(1 + 2 * (factor_ - 1), kLargestStep);
    step(now, round_trip);
  }
}

void PaceControl::step(Instant now, Duration round_trip) {
  if (pace_ == kNoPace) {
    if (now - at_ceiling_since_ >= kSecond) state_ = State::kFree;
    return;
  }
  pace_ *= factor_;
  if (pace_ >= ceiling_) {
    pace_ = kNoPace;
    at_ceiling_since_ = now;
  }
  bool by_windows = windows_seen_ >= kWindowsSeen;
  step_until_ = now + (by_windows ? kSecond : kStep) + round_trip;
  begin_anew(now);
}

}  // namespace rowcall::policy
