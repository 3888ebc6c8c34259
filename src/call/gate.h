// SPDX-License-Identifier: Apache-2.0
// Where calls wait until they may be sent.
//
// An attempt passes the gate when nothing holds the run (breaker, Retry-After for everyone), a line is
// open and idle, and every limit has a permit: all in one moment, so that a permit is never spent on
// waiting for something else. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "rowcall/outcome.h"

#include "call/policies.h"
#include "http/transport.h"
#include "loop/clock.h"

namespace rowcall {

/// What an attempt gets at the gate.
struct Pass {
  enum class Kind {
    kGo,          ///< Send now, on `line`.
    kDialFailed,  ///< No line could be opened; `failure` says why. Nothing was sent, no permit taken.
    kStopped,     ///< The run is stopping: do not send.
  };
  Kind kind = Kind::kStopped;
  Line line = -1;
  policy::Permit permit;
  Instant granted_at{};
  bool probe = false;              ///< Sent to see whether the API lives again: a failure is not the row's.
  std::unique_ptr<Reply> failure;  ///< Only for kDialFailed.
};

/// Why nothing is sent at the moment.
struct Hold {
  bool held = false;
  Instant until{};  ///< The earliest next probe.
  Instant since{};
  std::string why;
  bool by_quota = false;  ///< Nothing is wrong: a quota of the calendar is used up.
};

class Gate {
 public:
  /// `max_calls` permits are given at most (0: no cap); `on_cap` is called once when they are used up.
  Gate(Executor executor, Clock* clock, Policies* policies, std::int64_t max_calls,
       std::function<void()> on_cap);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Before anything else: the transport the gate gives lines of.
  void attach(Transport* transport) { transport_ = transport; }

  /// Waits for a pass for a call of `weight`. Retries and first attempts wait in two lines; one retry goes
  /// before four others.
  Async<Pass> enter(bool retry, std::int64_t weight = 1);
  /// The request of a pass has been written.
  void sent(const Pass& pass, Instant at) { policies_->limiter.sent(pass.permit, at); }
  /// The attempt of a pass is over: gives back the permit, tells breaker and throttle.
  void left(const Pass& pass, const Reply& reply, OutcomeClass outcome, std::optional<Duration> retry_after);
  /// Sleeps until `until`, or until the run is stopping.
  Async<void> rest(Instant until);

  /// Something has changed that may let calls pass: a line is ready, say.
  void look();
  /// A line could not be opened.
  void dial_failed(Reply failure);
  /// From now on nobody passes; all who wait or rest go on at once.
  void stop();
  bool stopping() const { return stopping_; }

  /// True when more first attempts should be lined up, so that none is missing when its turn comes.
  bool wants_more() const { return static_cast<int>(fresh_.size()) < backlog_; }
  /// Raised when `wants_more` may have become true.
  Signal& wanted() { return wanted_; }

  int waiting() const { return static_cast<int>(fresh_.size() + retries_.size()); }
  int resting() const { return static_cast<int>(resting_.size()); }
  Hold hold(Instant now);
  /// How long the run has been held in all: time that does not count against a row.
  Duration held_for(Instant now) const;

 private:
  static constexpr int kFreshPerRetry = 4;
  // With a wrong key, say, no more calls than these are made in vain.
  static constexpr int kFirstFlight = 32;
  static constexpr int kSpareOf = 8;  // one idle line for so many busy ones
  static constexpr int kSpareMost = 32;

  struct Waiting {
    Resume<Pass> resume;
    std::int64_t weight;
  };

  bool retry_is_next() const;
  std::int64_t next_weight() const;
  Instant next_chance(Instant now);
  void note_hold(Instant now);
  void open_lines(Instant now);
  void warm_lines();
  void grant(Pass pass);
  void wake_at(Instant at);
  void until_now(std::uint64_t id);

  Executor executor_;
  Clock* clock_;
  Policies* policies_;
  Transport* transport_ = nullptr;
  std::int64_t max_calls_;
  std::function<void()> on_cap_;
  std::int64_t permits_given_ = 0;
  int backlog_;
  bool stopping_ = false;
  bool answered_ = false;  // by anything that speaks HTTP

  std::deque<Waiting> fresh_;
  std::deque<Waiting> retries_;
  int fresh_since_retry_ = kFreshPerRetry;
  Signal wanted_;

  std::unordered_map<std::uint64_t, Resume<>> resting_;
  std::uint64_t next_rest_ = 0;

  Instant wake_at_ = Instant::max();
  // After a line could not be opened: fewer, later.
  Duration dial_pause_{};
  Instant dial_not_before_{};

  Instant held_since_ = Instant::max();
  Duration held_before_{};
  std::string last_trouble_;  // why the last transient attempt failed
};

}  // namespace rowcall
