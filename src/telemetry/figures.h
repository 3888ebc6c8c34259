// SPDX-License-Identifier: Apache-2.0
// Figures as people read them: limits, rates, shares, times. One place, so that the progress display, the
// summary and `verify-rate` say the same thing in the same words.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "rowcall/job.h"
#include "rowcall/time.h"

#include "policy/anomaly.h"

namespace rowcall::telemetry {

/// As in a job file: "5000/s", "300/min", "10/100ms", "200000/day resets 00:00 UTC".
std::string limit_text(const RateLimit& limit);
/// For people: "5,000 per second", "300 per minute", "10 per 100 ms".
std::string limit_words(const RateLimit& limit);

/// Calls a second that the tightest of the limits allows in the long run; 0: no limit.
double calls_per_s_max(std::span<const RateLimit> limits);
/// Calls a second from the first to the last send of `sends`; 0 when there is no span to measure.
double mean_rate(std::int64_t sends, Duration from_first_to_last);
/// The same as a share of what `limit` allows. A span shorter than the period counts as one period: a few
/// calls in a short while are no breach. Above 1 only for more sends than any way to keep the limit has.
double share_of_limit(std::int64_t sends, Duration from_first_to_last, const RateLimit& limit);

/// "87.34 %". Never "100.00 %" for less than all, nor "0.00 %" for more than nothing.
std::string percent_words(std::int64_t part, std::int64_t whole);
/// "4,987"; below 10: "3.2".
std::string rate_words(double per_s);
/// No more precise than a forecast can be: "5 s", "45 s", "3 min 20 s", "25 min", "2 h 10 min", "3 d 4 h".
std::string time_left_words(Duration left);
/// An amount of money, in whatever currency the price is given: "1,234.50", "0.0042".
std::string cost_words(double amount);
/// "latency 61 ms, normally 20 ms (shift, 9 sigma): the API is slower for everyone, or the network is".
std::string alarm_words(const policy::Anomaly& anomaly);
/// "40 us", "0.8 ms", "20 ms", "1.24 s".
std::string latency_words(Duration latency);

}  // namespace rowcall::telemetry
