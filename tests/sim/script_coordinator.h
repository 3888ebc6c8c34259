// SPDX-License-Identifier: Apache-2.0
// A Redis that keeps one limit, as far as its script can see: the real script in a Lua of ours, with the time
// and the troubles of a simulation. Speaks through a real RedisDialogue.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rowcall/time.h"

#include "lease/redis_dialogue.h"
#include "policy/lease_messages.h"

struct lua_State;

namespace rowcall::sim {

class ScriptCoordinator {
 public:
  /// What becomes of the key when a server is lost and another takes its place.
  enum class Fate { kLost, kOld, kKept };

  ScriptCoordinator(const policy::LeaseTerms& terms, Instant now);
  ~ScriptCoordinator();
  ScriptCoordinator(const ScriptCoordinator&) = delete;
  ScriptCoordinator& operator=(const ScriptCoordinator&) = delete;

  void report(const policy::LeaseReport& report, Instant now);
  std::vector<policy::LeaseGrant> take_grants() { return std::exchange(grants_, {}); }

  /// The server is lost; one with another clock, `clock_ahead` of the simulation's, takes its place. kOld:
  /// the key is as it was when `keep_copy` was called last.
  void fail_over(Fate fate, Duration clock_ahead);
  void keep_copy();

  std::int64_t charged(std::uint64_t worker) const;
  std::int64_t charged() const { return charged_; }
  std::int64_t quarantined() const { return quarantined_; }
  std::int64_t free() const { return free_; }
  /// Times the script found that its books could not be right, other than after a failover.
  std::int64_t overdrawn() const { return overdrawn_; }
  /// Gives nothing new before then.
  Instant silent_until() const { return silent_until_; }

 private:
  std::string answer_to(const std::string& command, Instant now);
  void read_books();

  std::unique_ptr<lua_State, void (*)(lua_State*)> lua_;
  lease::RedisDialogue dialogue_;
  Duration clock_ahead_{};
  Instant silent_until_{};
  std::int64_t epoch_ = 0;
  std::int64_t charged_ = 0;
  std::int64_t quarantined_ = 0;
  std::int64_t free_ = 0;
  std::map<std::uint64_t, std::int64_t> by_worker_;
  std::int64_t overdrawn_ = 0;
  bool failed_over_ = true;
  std::vector<policy::LeaseGrant> grants_;
};

}  // namespace rowcall::sim
