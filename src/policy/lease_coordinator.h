// SPDX-License-Identifier: Apache-2.0
// Lends the permits of one limit to many workers, never more than there are.
//
// For each worker it keeps how many permits that worker can have at most, whatever messages were lost:
// `charged`. At every instant
//
//     sum of charged + quarantined + free = N,  and no worker holds more than it is charged with.
//
// - A grant is charged before it is sent.
// - A shrink counts only when the worker has acknowledged it.
// - Permits that come back are quarantined for the difference between two workers' paths.
// - The permits of a worker that was not heard of come back after the lease has surely ended, and its last
//   call has cooled.
// - A coordinator that was restarted knows nobody: for as long as a lease and its cooling may last it
//   renews what workers report, and gives nothing new.
//
// Permits go where they are used: equal shares for all who want more, and what one cannot use to the others.
//
// A decision: no clock, no sleep, no I/O. Belongs to one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "rowcall/time.h"

#include "policy/lease_messages.h"

namespace rowcall::policy {

class LeaseCoordinator {
 public:
  /// Permits that have become free wait for company this long before they are given out.
  static constexpr Duration kTick = std::chrono::milliseconds(15);

  /// `epoch` is higher than that of any coordinator of the same limit before. The first of all may give
  /// at once; one that follows another is silent until `silence(terms)` after it has started.
  LeaseCoordinator(LeaseTerms terms, std::uint64_t epoch, Instant silent_until = Instant::min());
  /// How long a restarted coordinator gives nothing new.
  static Duration silence(const LeaseTerms& terms);

  /// A worker has reported. Each report is answered by a grant.
  void report(const LeaseReport& report, Instant now);
  /// To be called every kTick while `busy`: takes back what has come back, and gives out anew.
  void tick(Instant now);
  /// The grants to send, oldest first. To be sent in this order, and lost if they cannot be sent.
  std::vector<LeaseGrant> take_grants() { return std::exchange(grants_, {}); }

  /// False when a tick would have nothing to do until the next report.
  bool busy() const { return !workers_.empty() || !quarantine_.empty(); }

  const LeaseTerms& terms() const { return terms_; }
  /// Workers that hold a lease.
  std::int64_t workers() const { return static_cast<std::int64_t>(workers_.size()); }
  std::int64_t charged() const { return charged_; }
  std::int64_t quarantined() const { return quarantined_; }
  std::int64_t free() const { return free_; }
  /// What this worker can hold at most; for tests and displays.
  std::int64_t charged(std::uint64_t worker) const;
  /// Workers that reported more than there was to charge them with. Always a bug or a forged message.
  std::int64_t overdrawn() const { return overdrawn_; }

 private:
  struct Pending {
    std::uint64_t number;
    std::int64_t permits;
  };
  struct Worker {
    std::uint64_t incarnation = 0;
    std::uint64_t sequence = 0;
    std::int64_t charged = 0;
    std::int64_t granted = 0;     // what the newest grant says
    std::uint64_t number = 0;     // of the newest grant
    std::deque<Pending> pending;  // grants that are not acknowledged
    Instant ends{};               // when its lease is surely over
    std::int64_t wanted = 0;      // what it can use at most
    std::int64_t target = 0;      // what it should have
    Instant turn_since{};         // more workers than permits: since when it has, or has not, its turn
  };
  // A worker that is gone: its messages may still be under way.
  struct Gone {
    std::uint64_t incarnation;
    Instant forget_at;
  };
  struct Quarantined {
    Instant until;
    std::int64_t permits;
    bool operator>(const Quarantined& other) const { return until > other.until; }
  };
  using Workers = std::map<std::uint64_t, Worker>;

  bool too_late(const LeaseReport& report) const;
  void meet(Worker& worker, const LeaseReport& report, Instant now);
  void acknowledge(Worker& worker, const LeaseReport& report, Instant now);
  void leave(Workers::iterator worker, const LeaseReport& report, Instant now);
  void take_back(Worker& worker, std::int64_t permits, Instant usable_at);
  void release_due(Instant now);
  void end_leases(Instant now);
  void set_targets(Instant now);
  void take_turns(Instant now);
  bool adjust(Worker& worker, std::int64_t available, Instant now);
  void say_goodbye(const LeaseReport& report);
  void answer(std::uint64_t name, const Worker& worker);

  LeaseTerms terms_;
  std::uint64_t epoch_;
  Instant silent_until_;
  Workers workers_;
  std::map<std::uint64_t, Gone> gone_;
  std::priority_queue<Quarantined, std::vector<Quarantined>, std::greater<>> quarantine_;
  std::int64_t charged_ = 0;
  std::int64_t quarantined_ = 0;
  std::int64_t free_;
  std::int64_t overdrawn_ = 0;
  std::vector<LeaseGrant> grants_;
};

}  // namespace rowcall::policy
