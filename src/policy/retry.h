// SPDX-License-Identifier: Apache-2.0
// Shall an attempt be made again, and when?
//
// Full jitter (uniform between zero and a doubling bound), Retry-After as a floor, and a budget: retries
// may be a share of first attempts plus a trickle, and one that succeeds costs nothing. An empty budget
// makes a retry wait longer; it never fails a row. Throttled attempts wait, but cost no budget: the pace
// is what answers them.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <optional>

#include "rowcall/job.h"
#include "rowcall/outcome.h"
#include "rowcall/time.h"

#include "policy/dice.h"

namespace rowcall::policy {

/// Retries get turns, one after the other, as many a second as the budget's income: `share` of the rate of
/// first attempts, `per_s`, and the rate at which retries succeed; the rates are those of about the last ten
/// seconds. Turns that nobody needed are kept for ten seconds. So in any ten seconds there are at most
/// twenty seconds' worth of turns, at the highest income there was.
///
/// Without the successes ten percent of failures would stop a run: retries that wait fill the window of
/// rows, so fewer first attempts are made, so fewer retries are allowed. In simulation a million rows at
/// 5000/s and 20 % of failures took 251 s with them, and two to four hours without.
class RetryBudget {
 public:
  RetryBudget(double share, double per_s) : share_(share), per_s_(per_s) {}

  void first_attempt(Instant now);
  /// A retry has succeeded: the API was not in trouble, and its turn is given back.
  void succeeded(Instant now);
  /// Takes the next turn; how long it is until then.
  Duration take(Instant now);

 private:
  static constexpr double kMemory = 10;  // seconds
  void age(Instant now);
  double income(Instant now) const;

  double share_;
  double per_s_;
  double first_per_s_ = 0;
  double success_per_s_ = 0;
  std::optional<Instant> begin_;
  Instant at_{};
  Instant turn_{};  // the last one taken
};

/// What is known of a call when one of its attempts has not succeeded.
struct Trouble {
  OutcomeClass outcome = OutcomeClass::kTransient;
  int attempt = 1;                      ///< The attempt that is over, from 1.
  int tries = 1;                        ///< Those of them that were not throttled.
  Duration spent{};                     ///< Since its first attempt, time held not counted.
  std::optional<Duration> retry_after;  ///< What the server asks for.
  bool repeatable = true;               ///< False: repeating could do the work twice.
};

class Retry {
 public:
  /// `granted_per_s` is the rate the limits allow: retries may always be `budget_share` of it, or
  /// `budget_per_s` if that is more. Zero or infinite: not known.
  Retry(const RetrySpec& spec, Dice* dice, double granted_per_s = 0);

  void first_attempt(Instant now) { budget_.first_attempt(now); }
  /// A call has succeeded at its second or a later attempt.
  void succeeded(Instant now) { budget_.succeeded(now); }
  /// How long to wait before the next attempt, or nothing if there shall be none.
  std::optional<Duration> again(const Trouble& trouble, Instant now);

 private:
  RetrySpec spec_;
  RetryBudget budget_;
  Dice* dice_;
};

}  // namespace rowcall::policy
