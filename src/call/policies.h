// SPDX-License-Identifier: Apache-2.0
// The decisions of one run, side by side.
//
// Belongs to the loop thread of one run.
#pragma once

#include <cstdint>

#include "rowcall/job.h"

#include "policy/adaptive.h"
#include "policy/breaker.h"
#include "policy/classify.h"
#include "policy/dice.h"
#include "policy/limiter.h"
#include "policy/retry.h"
#include "policy/throttle.h"

namespace rowcall {

struct Policies {
  Policies(const Job& job, policy::Classifier classifier_made, std::uint64_t seed, int in_flight_max,
           policy::Limiter::Permits permits = policy::Limiter::Permits::kOwn)
      : classifier(classifier_made),
        dice(seed),
        limiter(job.limits, permits),
        adaptive(job.limits, limiter.pace_per_s(), in_flight_max, job.retry.retry_after_max),
        breaker(job.breaker, &dice),
        retry(job.retry, &dice, limiter.pace_per_s()),
        retry_after_max(job.retry.retry_after_max) {}
  Policies(const Policies&) = delete;
  Policies& operator=(const Policies&) = delete;

  policy::Classifier classifier;
  policy::Dice dice;
  policy::Limiter limiter;
  policy::Adaptive adaptive;
  policy::Breaker breaker;
  policy::Throttle throttle;
  policy::Retry retry;
  Duration retry_after_max;
  /// The coordinator asks all workers to wait until then; in the past when all is well.
  Instant cluster_held_until{};
};

}  // namespace rowcall
