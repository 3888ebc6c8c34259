// SPDX-License-Identifier: Apache-2.0
#include "settings/make.h"
#include "settings/table.h"

namespace rowcall::settings {

std::vector<Setting> limits_settings() {
  return {
      rates(
          {.key = "limits.rate",
           .example = R"(["5000/s", "200000/h"])",
           .doc =
               "How many calls may be sent in any window of that length: first tries, retries and "
               "probes together. Up to four limits hold at once. A quota that is given anew every day or on "
               "the first of every month is written \"200000/day resets 00:00 UTC\" or \"1000000/month "
               "resets 06:30 +02:00\"; calls of earlier sessions of the run are counted in it. "
               "\"unlimited\" means none. \"auto\", "
               "for an API "
               "whose limit is not known, begins low and finds what it bears, and reports it. "
               "RATE_LIMIT_CALLS and RATE_LIMIT_PERIOD (seconds, also 0.5) together set one limit; "
               "without the second, the period is one second. The second alone means 5000 calls, and is "
               "refused where a job file sets limits.rate.",
           .flag = "--rate",
           .environment = {"RATE_LIMIT_CALLS", "RATE_LIMIT_PERIOD"}},
          ROWCALL_FIELD(limits)),
      whole({.key = "limits.weight",
             .example = "3",
             .doc = "What a call counts as against limits.rate, where calls cost more than one unit. A limit "
                    "written \"500 calls/min\" counts every call as one all the same."},
            {1, 1'000'000}, ROWCALL_FIELD(limits.weight)),
      text(
          {.key = "limits.weight_column",
           .example = R"("tokens")",
           .doc = "A column of whole numbers that says so row by row; a call of several rows counts as their "
                  "sum. A row without such a number fails, and so does a call that is heavier than a limit."},
          kAnyText, ROWCALL_FIELD(limits.weight_column)),
      choice({.key = "limits.strict",
              .example = R"("proof")",
              .doc = "How a permit comes back. \"measured\": one period after its call was sent, plus the "
                     "delay measured for that call. \"proof\": one period after its answer; strict whatever "
                     "the network does, and slower."},
             {"measured", "proof"}, ROWCALL_FIELD(limits.strict)),
      duration({.key = "limits.guard_max",
                .example = R"("20ms")",
                .doc = "The most that is added for delay in \"measured\"."},
               0ms, 1min, ROWCALL_FIELD(limits.guard_max)),
      truth({.key = "limits.adaptive",
             .example = "false",
             .doc = "Stay below the limits for as long as the API cannot bear them: when it refuses calls as "
                    "too fast, says in rate headers what is left, queues, or fails under load. Never above "
                    "the limits. docs/rate-control.md tells how."},
            ROWCALL_FIELD(limits.adaptive)),
      text(
          {.key = "limits.coordinator",
           .example = R"("tcp://10.0.0.7:7077")",
           .doc = "Who lends the permits, when several runs on one or several machines share limits.rate. "
                  "\"tcp://HOST:PORT\": a coordinator that `rowcall coordinator` has started. "
                  "\"redis://HOST:PORT/DATABASE\": a Redis, with a weaker guarantee; runs share a limit when "
                  "they call the same host, or have the same \"?key=NAME\" at the end. All must set the same "
                  "limits.rate. \"env:NAME\" takes the URL from a variable, where it may hold a password. "
                  "docs/several-machines.md tells how.",
           .flag = "--coordinator",
           .environment = {"RATE_COORDINATOR"},
           .quiet = true,
           .stays_in_environment = true},
          kCoordinatorText, ROWCALL_FIELD(limits.coordinator)),
      secret(
          {.key = "limits.coordinator_secret",
           .example = R"("env:RATE_COORDINATOR_SECRET")",
           .doc = "Where the secret is found that the coordinator was started with, or the password of the "
                  "Redis.",
           .flag = "--coordinator-secret",
           .environment = {"RATE_COORDINATOR_SECRET"},
           .stays_in_environment = true},
          ROWCALL_FIELD(limits.coordinator_secret)),
      whole({.key = "limits.in_flight_max",
             .example = "200",
             .doc = "Calls on the wire at a time, at most; 0 finds a number that fits the rate.",
             .flag = "--in-flight-max"},
            {0, 100'000}, ROWCALL_FIELD(limits.in_flight_max)),
      whole(
          {.key = "limits.rows_held_max",
           .example = "10000",
           .doc =
               "Rows between reader and sink: those in flight, those waiting for another attempt, and those "
               "that are done but must wait for their turn. Too few make one slow row hold up the others."},
          {1, 100'000'000}, ROWCALL_FIELD(limits.rows_held_max)),
      bytes({.key = "limits.bytes_held_max",
             .example = R"("16MB")",
             .doc = "The memory those rows and their answers may take."},
            {1 << 20, std::int64_t{1} << 40}, ROWCALL_FIELD(limits.bytes_held_max)),
      whole({.key = "limits.batches_ahead_max", .example = "2", .doc = "How many batches are read ahead."},
            {1, 1000}, ROWCALL_FIELD(limits.batches_ahead_max)),
      whole(
          {.key = "limits.max_calls",
           .example = "100000",
           .doc =
               "Stop, resumable, after that many attempts: a cap on what it may cost to start the run once. "
               "Each time it is gone on with, it may make as many. 0 means no cap.",
           .flag = "--max-calls"},
          {0, INT64_MAX}, ROWCALL_FIELD(limits.max_calls)),
      caps({.key = "limits.max_errors",
            .example = R"("2%")",
            .doc = "Stop, resumable, after that many failed rows (100), or when that share of rows has "
                   "failed (\"2%\", from 200 rows on), or at either (a list). 0 means no cap. Rows count "
                   "over all "
                   "sessions of a run: one that is gone on with at its cap stops at its next failed row.",
            .flag = "--max-errors"},
           ROWCALL_FIELD(limits)),
  };
}

std::vector<Setting> retry_settings() {
  return {
      whole({.key = "retry.max_attempts",
             .example = "3",
             .doc = "How often a call is tried in all; 1 means no retries. Throttled attempts do not count.",
             .flag = "--max-attempts"},
            {1, 1000}, ROWCALL_FIELD(retry.max_attempts)),
      duration({.key = "retry.base",
                .example = R"("250ms")",
                .doc = "The longest wait before the second attempt. It doubles with every further one, up to "
                       "retry.cap; the wait itself is drawn evenly from zero to there."},
               1ms, 1h, ROWCALL_FIELD(retry.base)),
      duration({.key = "retry.throttled_base",
                .example = R"("2s")",
                .doc = "The same, after an attempt that was throttled."},
               1ms, 1h, ROWCALL_FIELD(retry.throttled_base)),
      duration({.key = "retry.cap", .example = R"("1min")", .doc = "The longest such wait."}, 1ms, 24h,
               ROWCALL_FIELD(retry.cap)),
      share({.key = "retry.budget",
             .example = R"("20%")",
             .doc = "How many retries there may be for each first attempt. When the budget is empty, retries "
                    "wait; no row fails for it."},
            ROWCALL_FIELD(retry.budget_share)),
      real({.key = "retry.budget_per_s",
            .example = "2.5",
            .doc = "Retries per second that are there in any case."},
           0, 1'000'000, ROWCALL_FIELD(retry.budget_per_s)),
      duration({.key = "retry.row_deadline",
                .example = R"("1h")",
                .doc = "How long a row may be tried, from its first attempt on. Time in which the breaker "
                       "holds everything does not count."},
               1ms, 31 * 24h, ROWCALL_FIELD(retry.row_deadline)),
      duration({.key = "retry.retry_after_max",
                .example = R"("1min")",
                .doc = "A longer Retry-After from the server is cut to this."},
               0ms, 24h, ROWCALL_FIELD(retry.retry_after_max)),
  };
}

std::vector<Setting> breaker_settings() {
  return {
      truth({.key = "breaker.enabled",
             .example = "false",
             .doc = "Stop sending for a moment when nearly everything fails, then try a few calls. Rows wait "
                    "meanwhile; none fails."},
            ROWCALL_FIELD(breaker.enabled)),
      whole({.key = "breaker.failures_in_a_row",
             .example = "20",
             .doc = "How many transient failures without a success between open the breaker."},
            {1, 1'000'000}, ROWCALL_FIELD(breaker.failures_in_a_row)),
      share({.key = "breaker.failure_share",
             .example = R"("80%")",
             .doc = "Which share of failures in the last second opens it, from 100 results on."},
            ROWCALL_FIELD(breaker.failure_share)),
      duration({.key = "breaker.open",
                .example = R"("1s")",
                .doc = "How long it stays open the first time; doubles up to breaker.open_max."},
               1ms, 1h, ROWCALL_FIELD(breaker.open)),
      duration({.key = "breaker.open_max",
                .example = R"("30s")",
                .doc = "The longest time it stays open before a few calls are tried."},
               1ms, 24h, ROWCALL_FIELD(breaker.open_max)),
      duration({.key = "breaker.max_hold",
                .example = R"("2h")",
                .doc = "When nothing has worked for that long, the run stops; it can go on later."},
               1ms, 31 * 24h, ROWCALL_FIELD(breaker.max_hold)),
  };
}

}  // namespace rowcall::settings
