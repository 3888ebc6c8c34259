// SPDX-License-Identifier: Apache-2.0
#include "policy/cluster_hold.h"

#include <algorithm>

namespace rowcall::policy {

void ClusterHold::report(std::uint64_t worker, bool broken, Duration asked_to_wait, Instant now) {
  // A longer wait counts; a little longer is the same wait told again.
  if (Instant until = now + asked_to_wait;
      asked_to_wait > Duration(0) && until > asked_until_ + kPiece / 10) {
    asked_until_ = until;
    changed_ = true;
  }
  // Just after a hold the others' breakers are still open: they had no chance to close.
  if (now < heed_from_) broken = false;
  auto [known, is_new] = broken_.try_emplace(worker, false);
  if (!is_new && known->second == broken) return;
  broken_count_ += (broken ? 1 : 0) - (known->second ? 1 : 0);
  known->second = broken;
  choose();
  if (prober_ == 0 && worker == freed_by_) heed_from_ = now + kGrace;
  freed_by_ = 0;
}

void ClusterHold::forget(std::uint64_t worker) {
  auto found = broken_.find(worker);
  if (found == broken_.end()) return;
  broken_count_ -= found->second ? 1 : 0;
  broken_.erase(found);
  choose();
}

void ClusterHold::choose() {
  std::uint64_t before = prober_;
  bool most = broken_count_ * 2 > static_cast<std::int64_t>(broken_.size());
  if (prober_ != 0) {
    auto prober = broken_.find(prober_);
    // Well again: the others need not prove it each for themselves.
    if (prober == broken_.end() || (prober->second && !most)) {
      prober_ = 0;  // gone: another one, if it is still needed; or others have come who are well
    } else if (!prober->second) {
      freed_by_ = std::exchange(prober_, 0);
      for (auto& [worker, broken] : broken_) broken = false;
      broken_count_ = 0;
      most = false;
    }
  }
  if (prober_ == 0 && most) {
    prober_ = std::ranges::find_if(broken_, [](const auto& worker) { return worker.second; })->first;
  }
  changed_ = changed_ || prober_ != before;
}

Duration ClusterHold::hold(std::uint64_t worker, Instant now) const {
  Duration asked = std::max(asked_until_ - now, Duration(0));
  if (prober_ == 0 || prober_ == worker) return asked;
  return std::max(asked, kPiece);
}

}  // namespace rowcall::policy
