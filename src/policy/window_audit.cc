// SPDX-License-Identifier: Apache-2.0
#include "policy/window_audit.h"

#include <algorithm>

namespace rowcall::policy {

void WindowAudit::add(Instant sent_at, std::int64_t weight) {
  if (!entries_.empty()) sent_at = std::max(sent_at, entries_.back().last);
  while (!entries_.empty() && entries_.front().last + period_ <= sent_at) {
    in_window_ -= entries_.front().sends;
    entries_.pop_front();
  }
  // A slice leaves the window with its last send, so its sends leave late, never early. Its length counts
  // from the first one: from the last, a steady stream would be one slice without an end.
  if (entries_.size() >= kExactMax && sent_at - entries_.back().first < slice_) {
    entries_.back().last = sent_at;
    entries_.back().sends += weight;
  } else {
    entries_.push_back({sent_at, sent_at, weight});
  }
  in_window_ += weight;
  if (in_window_ > worst_) {
    worst_ = in_window_;
    worst_end_ = sent_at;
  }
}

}  // namespace rowcall::policy
