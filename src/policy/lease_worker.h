// SPDX-License-Identifier: Apache-2.0
// A worker's side of the leases: how many permits of one limit it holds, and until when.
//
// It tells a StrictLimit how many permits there are. A permit is given back when it has cooled, by being
// kept back: what is reported as held is never less than what can still be used here. Those that are not in
// use go at once, the others over one period, evenly: they cool in the order in which they were used, so to
// keep back the next ones that cool would be to send nothing for a while, and more than the pace allows
// after it. When nothing was
// heard for too long, the lease runs out: nothing is sent any more, and a new incarnation begins with
// nothing.
//
// A decision: no clock, no sleep, no I/O. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <deque>

#include "rowcall/time.h"

#include "policy/lease_messages.h"
#include "policy/strict_limit.h"

namespace rowcall::policy {

class LeaseWorker {
 public:
  /// What has changed is reported at once, but not more often than this.
  static constexpr Duration kNewsApart = std::chrono::milliseconds(50);

  /// `worker` is a number nobody else has; `limit` outlives this, and has no permits yet.
  LeaseWorker(const LeaseTerms& terms, std::uint64_t worker, StrictLimit* limit);

  /// Whether to report now. `hungry`: calls have waited for permits nearly all the time since the last
  /// report.
  bool due(bool hungry, Instant now);
  /// The next report. To be sent at once: the lease it asks for counts from `now`.
  LeaseReport report(bool hungry, Instant now);
  /// The last report, when nothing will be sent any more: ends the lease and this object's life. Called again
  /// it gives the same report again: to be repeated every 2 kNewsApart until `left`, or not at all if
  /// others can wait for the lease to run out.
  LeaseReport leave(Instant now);
  /// The coordinator has heard of it.
  bool left() const { return left_; }
  /// A grant has come. Old ones, repeated ones and those of a lease that has run out change nothing.
  void grant(const LeaseGrant& grant, Instant now);

  /// When the lease runs out, unless a grant comes first.
  Instant ends() const { return ends_; }
  /// Nothing may be sent from here on, which is a margin before.
  Instant sends_end() const { return ends_ - terms_.margin; }
  /// Ends a lease that has run out.
  void expire(Instant now);
  /// How often that happened.
  std::int64_t expired() const { return expired_; }
  const LeaseTerms& terms() const { return terms_; }

 private:
  struct Sent {
    std::uint64_t sequence;
    Instant at;
  };

  void set_permits(std::int64_t permits, Instant now);
  void give_back(Instant now);

  LeaseTerms terms_;
  StrictLimit* limit_;
  std::uint64_t worker_;
  std::uint64_t incarnation_ = 1;
  std::uint64_t sequence_ = 0;
  std::uint64_t answered_ = 0;  // the newest report a grant has answered
  bool told_news_ = false;      // the last report did not wait for its turn
  LeaseVersion applied_;
  std::deque<Sent> sent_;  // reports whose grants may still count
  Instant ends_ = Instant::min() + std::chrono::hours(1);
  // A shrink that is under way: from so many, then, to `kept_`.
  std::int64_t shrink_from_ = 0;
  Instant shrink_since_{};
  std::int64_t kept_ = 0;
  Duration report_every_;
  Instant reported_at_ = Instant::min();
  std::int64_t reported_held_ = 0;
  std::int64_t most_granted_ = 0;  // since the last report, or held at it
  LeaseVersion reported_applied_;
  bool reported_hungry_ = false;
  std::int64_t expired_ = 0;
  LeaseReport leaving_;  // sequence 0: not yet
  bool left_ = false;
};

}  // namespace rowcall::policy
