// SPDX-License-Identifier: Apache-2.0
// The coordinator of a limit that lives in a Redis: a Lua script that takes one report and answers it.
//
// Its rules are those of policy/lease_coordinator.h, where they are told; the state is the value of one key.
// What is different: only who reports is answered, so that permits for others wait for their next report; and
// a key that is not there, or was written by another server (a failover, a restart), makes the script do what
// a restarted coordinator does: for as long as a lease and its cooling may last it gives nothing new.
// tests/sim/lease_test.cc plays it in the same thousand kinds of trouble.
#pragma once

namespace rowcall::lease {

/// KEYS: the key. ARGV: worker, leaving (0 or 1), microseconds it was asked to wait; then for each limit
/// permits, held, used, incarnation, sequence, epoch and number of the applied grant, period, reuse_after,
/// ttl, report_every, path_spread (microseconds), hungry (0 or 1), cooling ("" or kSlices numbers, each with
/// a comma). Replies with an array: microseconds to hold; then for each limit {} when the report was too old,
/// or {incarnation, epoch, number, permits, sequence, report_every}. Or, when the runs that use the key now
/// have other limits, with a text that tells them.
extern const char* const kRedisScript;

}  // namespace rowcall::lease
