// SPDX-License-Identifier: Apache-2.0
// Answers that wait for their moment: those due in the same millisecond together, one timer for all.
//
// The timer fires on whole milliseconds, so that at high rates one wake-up serves many answers. An answer
// leaves when it is due or up to a millisecond later, never before. Loop's thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "mockapi/net.h"

namespace rowcall::mockapi {

class Connection;

class DueQueue {
 public:
  explicit DueQueue(asio::io_context& loop) : timer_(loop) {}

  /// Calls `connection->answer_due(call)` once `due` has come.
  void add(Instant due, std::shared_ptr<Connection> connection, std::uint64_t call);
  /// Forgets all.
  void clear();

 private:
  struct Entry {
    std::shared_ptr<Connection> connection;
    std::uint64_t call;
  };
  using Bucket = std::vector<Entry>;
  void arm();
  void fire();

  Timer timer_;
  std::optional<Instant> armed_;
  std::map<Instant, Bucket> buckets_;  ///< By the whole millisecond at which they leave.
  Bucket spare_;                       ///< An empty one, kept for its memory.
};

}  // namespace rowcall::mockapi
