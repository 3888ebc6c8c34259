// SPDX-License-Identifier: Apache-2.0
#include "policy/window_audit.h"

#include <algorithm>

namespace rowcall::policy {

void WindowAudit::add(Instant sent_at) {
  if (!entries_.empty()) sent_at = std::max(sent_at, entries_.back().at);
  while (!entries_.empty() && entries_.front().at + period_ <= sent_at) {
    in_window_ -= entries_.front().sends;
    entries_.pop_front();
  }
  // A slice carries the time of its last send, so its sends leave the window late, never early.
  if (entries_.size() >= kExactMax && sent_at - entries_.back().at < slice_) {
    entries_.back().at = sent_at;
    ++entries_.back().sends;
  } else {
    entries_.push_back({sent_at, 1});
  }
  ++in_window_;
  if (in_window_ > worst_) {
    worst_ = in_window_;
    worst_end_ = sent_at;
  }
}

}  // namespace rowcall::policy
