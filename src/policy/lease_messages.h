// SPDX-License-Identifier: Apache-2.0
// One limit for many workers: what the workers and their coordinator tell each other.
//
// There are N permits in the world. The coordinator lends them to workers for a short time; a worker uses a
// permit once per horizon, like a run that is alone. Messages may be lost, delayed, repeated and reordered;
// what must not happen is that a permit is counted twice. docs/decisions/0011-leases.md has the proof.
//
// Plain data. Instants never travel: clocks of two machines have nothing in common but, nearly, their speed.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::policy {

/// What both sides must agree on, for one limit.
struct LeaseTerms {
  std::int64_t permits = 0;  ///< N: what all workers together may hold.
  Duration period{};         ///< The limit's own.
  /// After its last use a permit of a lost worker is usable again after this: the period, the allowance
  /// for drift, the largest guard, and with kProof the time an answer may still take.
  Duration reuse_after{};
  Duration ttl = std::chrono::seconds(3);  ///< How long a lease holds, from when its report left.
  Duration report_every = std::chrono::milliseconds(250);  ///< At most.
  /// A worker sends nothing in the last bit of a lease: between its look at the clock and the write of the
  /// request not more than this may pass.
  Duration margin = std::chrono::milliseconds(250);
  /// How much longer the fastest path of one worker to the API is than that of another.
  Duration path_spread = std::chrono::milliseconds(20);
  bool operator==(const LeaseTerms&) const = default;
};

/// Clock rates differ by at most this share: twice 500 ppm.
inline constexpr double kClockRates = 1e-3;

/// The terms of one limit of a job.
LeaseTerms terms_of(const RateLimit& limit, const LimitSpec& spec, Duration call_timeout);

/// Which grant: numbers count up within one life (epoch) of a coordinator.
struct LeaseVersion {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  auto operator<=>(const LeaseVersion&) const = default;
};

/// A worker to the coordinator.
struct LeaseReport {
  std::uint64_t worker = 0;       ///< Drawn at random by the worker; never the same again.
  std::uint64_t incarnation = 0;  ///< Goes up when a lease has run out: what was held before is gone.
  std::uint64_t sequence = 0;     ///< Of this report, within the incarnation.
  LeaseVersion applied;           ///< The newest grant that was taken over.
  std::int64_t held = 0;          ///< Permits that are usable, in use or cooling here.
  std::int64_t used = 0;          ///< The most that were in use or cooling at a time since the last report.
  bool hungry = false;            ///< Calls waited for permits nearly all the time since then.
  bool leaving = false;           ///< The last report: nothing will be sent any more.
  /// When leaving: how many of `held` are usable again after at most (i + 1) / kSlices of `reuse_after`.
  static constexpr std::size_t kSlices = 32;
  std::array<std::int64_t, kSlices> cooling{};
};

/// The coordinator to a worker: hold that many permits from now on.
struct LeaseGrant {
  std::uint64_t worker = 0;
  std::uint64_t incarnation = 0;
  LeaseVersion version;
  std::int64_t permits = 0;
  std::uint64_t sequence = 0;  ///< Of the newest report seen: the lease counts from when that one left.
  Duration report_every{};     ///< How often to report: less often in a crowd.
};

}  // namespace rowcall::policy
