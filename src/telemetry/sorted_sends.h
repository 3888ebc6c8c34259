// SPDX-License-Identifier: Apache-2.0
// The sends of a call log in the order of sending, from a file in the order of ending.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "rowcall/error.h"

#include "telemetry/call_log_reader.h"

namespace rowcall::telemetry {

class SortedSends {
 public:
  static constexpr std::size_t kHeldMax = 32'000'000;  ///< 512 MB.

  /// `lateness`: no call in the log was sent more than that many ns before one that stands before it.
  SortedSends(CallLogReader reader, std::int64_t lateness, std::size_t held_max = kHeldMax)
      : reader_(std::move(reader)), lateness_(lateness), held_max_(held_max) {}

  /// The next send, of the sessions for which `wanted` is true; false at the end.
  Result<bool> next(const std::vector<bool>& wanted);

  std::int64_t sent_ns() const { return sent_ns_; }
  int session() const { return session_; }
  std::int64_t weight() const { return weight_; }

 private:
  struct Send {
    std::int64_t at;
    std::int32_t session;
    std::uint32_t weight;  // settings refuse heavier ones
    bool operator>(const Send& other) const { return at > other.at; }
  };

  Result<void> read_ahead(const std::vector<bool>& wanted);

  CallLogReader reader_;
  std::int64_t lateness_;
  std::size_t held_max_;
  std::priority_queue<Send, std::vector<Send>, std::greater<>> held_;
  std::int64_t newest_ = 0;
  bool any_ = false;
  bool ended_ = false;
  std::int64_t sent_ns_ = 0;
  int session_ = 0;
  std::int64_t weight_ = 1;
};

}  // namespace rowcall::telemetry
