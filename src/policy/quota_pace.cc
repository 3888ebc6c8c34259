// SPDX-License-Identifier: Apache-2.0
#include "policy/quota_pace.h"

#include <algorithm>

namespace rowcall::policy {

void QuotaPace::heard(std::span<const Quota> quotas, int in_flight, double present, Instant now) {
  double rate = kNoPace;
  bool told_left = false;
  for (const Quota& quota : quotas) {
    if (quota.of_calls && quota.limit && *quota.limit > 0 && quota.window && *quota.window > Duration(0) &&
        *quota.window <= kRateWindow) {
      rate = std::min(rate, static_cast<double>(*quota.limit) / seconds(*quota.window));
    }
    if (!quota.remaining || !quota.reset) continue;
    if (quota.whole_seconds && *quota.reset < kCoarse) continue;
    // Of something else than calls it is only known whether there is any left.
    if (!quota.of_calls && *quota.remaining > 0) continue;
    Duration reset = std::min(*quota.reset, wait_max_);
    std::int64_t left = std::max<std::int64_t>(*quota.remaining - in_flight, 0);
    if (!told_left || left < left_) {
      left_ = left;
      empty_until_ = now + reset;
    }
    if (!told_left) spread_ = kNoPace;
    told_left = true;
    if (*quota.reset > kSpreadMost || left == 0) continue;
    double pace = static_cast<double>(left) / std::max(seconds(*quota.reset), 0.001);
    if (pace >= kSlower * present || pace >= spread_) continue;
    spread_ = pace;
    spread_until_ = now + *quota.reset;
  }
  if (!told_left) left_ = std::numeric_limits<std::int64_t>::max();
  rate_ = rate;
}

double QuotaPace::per_s(Instant now) const {
  return now < spread_until_ ? std::min(rate_, spread_) : rate_;
}

}  // namespace rowcall::policy
