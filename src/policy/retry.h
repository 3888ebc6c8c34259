// SPDX-License-Identifier: Apache-2.0
// Shall an attempt be made again, and when?
//
// Full jitter (uniform between zero and a doubling bound), Retry-After as a floor, and a budget: retries
// may be a share of first attempts plus a trickle. An empty budget makes a retry wait longer; it never
// fails a row. Throttled attempts wait, but cost no budget: the pace is what answers them.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <optional>

#include "rowcall/job.h"
#include "rowcall/outcome.h"
#include "rowcall/time.h"

#include "policy/dice.h"

namespace rowcall::policy {

/// Retries that may be made, as tokens: `share` of one for each first attempt, `per_s` a second, at most
/// ten seconds' worth saved up. Taking more than there is means waiting until it has come in.
class RetryBudget {
 public:
  RetryBudget(double share, double per_s) : share_(share), per_s_(per_s), tokens_(per_s * kSaved) {}

  void first_attempt(Instant now);
  /// Takes a token; how long to wait until it is really there.
  Duration take(Instant now);

 private:
  static constexpr double kSaved = 10;  // seconds' worth
  void refill(Instant now);

  double share_;
  double per_s_;
  double tokens_;
  double first_per_s_ = 0;  // smoothed over about ten seconds
  Instant at_{};
};

/// What is known of a call when one of its attempts has not succeeded.
struct Trouble {
  OutcomeClass outcome = OutcomeClass::kTransient;
  int attempt = 1;                      ///< The attempt that is over, from 1.
  int tries = 1;                        ///< Those of them that were not throttled.
  Duration spent{};                     ///< Since the call's first attempt, time held not counted.
  std::optional<Duration> retry_after;  ///< What the server asks for.
  bool repeatable = true;               ///< False: repeating could do the work twice.
};

class Retry {
 public:
  Retry(const RetrySpec& spec, Dice* dice)
      : spec_(spec), budget_(spec.budget_share, spec.budget_per_s), dice_(dice) {}

  void first_attempt(Instant now) { budget_.first_attempt(now); }
  /// How long to wait before the next attempt, or nothing if there shall be none.
  std::optional<Duration> again(const Trouble& trouble, Instant now);

 private:
  RetrySpec spec_;
  RetryBudget budget_;
  Dice* dice_;
};

}  // namespace rowcall::policy
