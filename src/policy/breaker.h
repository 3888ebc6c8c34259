// SPDX-License-Identifier: Apache-2.0
// The breaker: when nearly everything fails, stop sending for a moment, then try a few.
//
// It holds, it never fails a row: rows wait, their deadlines stand still, the source is not read. It
// trips on transient failures only; throttled, permanent and fatal outcomes come from an API that is alive,
// and say nothing about its health: they neither trip it nor stand between failures in a row. As the answer
// to a probe they are as good as a success.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "rowcall/job.h"
#include "rowcall/outcome.h"
#include "rowcall/time.h"

#include "policy/dice.h"

namespace rowcall::policy {

class Breaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  Breaker(const BreakerSpec& spec, Dice* dice) : spec_(spec), dice_(dice) {}

  /// When an attempt may be sent: not later than `now` if one may be sent now. Instant::max() while the
  /// probes that are out decide: ask again after `record` or `withdraw`. When no probe is out there is
  /// always a time.
  Instant next(Instant now);
  /// An attempt begins (in half-open state: a probe). Right after `next(now) <= now`, with the same time,
  /// and before a connection is made: to connect is to probe.
  void sent(Instant now);
  /// An attempt ended. `sent_at` is the time given to `sent` for it, not that of its write, which an attempt
  /// may never come to. One that began before the breaker last opened or closed says nothing about now.
  void record(OutcomeClass outcome, Instant sent_at, Instant now, Duration retry_after);
  /// An attempt that was announced by `sent` ended without saying anything (it was cancelled).
  void withdraw(Instant sent_at);

  State state() const { return state_; }
  /// Since when the breaker has not been closed; meaningful unless closed.
  Instant held_since() const { return held_since_; }
  /// Why it tripped, for people.
  const std::string& reason() const { return reason_; }
  /// The share of the pace that may be used: small just after closing, then growing to 1.
  double pace_share(Instant now) const;

 private:
  static constexpr int kProbesMax = 10;
  static constexpr int kSuccessesToClose = 8;
  // Failures in a row have to last longer than a blip of 0.2 s, whatever the latency.
  static constexpr Duration kRowMin = std::chrono::milliseconds(250);
  static constexpr int kResultsMin = 100;
  // Tripping again so soon after closing, it opens for longer: the API can bear probes, but not the load.
  static constexpr Duration kSoon = std::chrono::seconds(10);

  void open(Instant now, Duration retry_after);
  void close(Instant now);
  void record_closed(bool failure, Instant now, Duration retry_after);
  void record_probe(bool failure, Instant now, Duration retry_after);
  bool is_probe(Instant sent_at) const;

  struct Tenth {
    std::int64_t number;  // time since the clock's epoch, in tenths of a second
    int results;
    int failures;
  };

  BreakerSpec spec_;
  Dice* dice_;
  State state_ = State::kClosed;
  std::string reason_;
  Instant open_until_{};
  Instant held_since_{};
  Instant closed_at_ = Instant::min();
  double ramp_from_ = 1;
  int times_open_ = 0;  // without a long closed time between
  // Closed: failures without a success between, and results in tenths of a second.
  int in_a_row_ = 0;
  Instant first_in_a_row_{};
  std::deque<Tenth> tenths_;
  // Half-open.
  int probes_out_ = 0;
  int probes_sent_ = 0;
  int probe_successes_ = 0;
  int probe_failures_ = 0;
};

}  // namespace rowcall::policy
