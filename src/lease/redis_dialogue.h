// SPDX-License-Identifier: Apache-2.0
// A worker's side of a limit that is kept in a Redis, from bytes to messages and back. No I/O.
//
// A report becomes a call of redis_script.h, its reply the grants. hiredis writes the commands and reads the
// replies; it is given no socket. docs/decisions/0013-redis.md.
//
// Belongs to the loop thread of one run.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lease/heard.h"
#include "policy/lease_messages.h"
#include "settings/coordinator_url.h"

struct redisReader;
struct redisReply;

namespace rowcall::lease {

class RedisDialogue {
 public:
  RedisDialogue(settings::CoordinatorUrl url, std::string password, std::vector<policy::LeaseTerms> terms);
  RedisDialogue(RedisDialogue&&) noexcept;
  RedisDialogue& operator=(RedisDialogue&&) noexcept;
  ~RedisDialogue();

  /// A new connection; returns what to send first.
  std::string begin();
  /// Bytes that have come, in pieces of whatever size.
  Heard hear(std::string_view bytes);
  /// Only after `terms` were heard.
  std::string say(const Reports& reports);

 private:
  // What the next reply answers.
  enum class Asked { kAuth, kSelect, kLoad, kReport };
  struct FreeReader {
    void operator()(redisReader* reader) const;
  };

  void take(const redisReply& reply, Heard& heard);
  void take_error(std::string_view text, Heard& heard) const;
  void take_grants(const redisReply& reply, Heard& heard) const;

  settings::CoordinatorUrl url_;
  std::string password_;
  std::vector<policy::LeaseTerms> terms_;
  std::string key_;
  std::string script_digest_;
  std::uint64_t worker_ = 0;  // the run's name, as it reported last
  std::unique_ptr<redisReader, FreeReader> reader_;
  std::deque<Asked> asked_;
};

}  // namespace rowcall::lease
