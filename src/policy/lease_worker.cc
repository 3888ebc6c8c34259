// SPDX-License-Identifier: Apache-2.0
#include "policy/lease_worker.h"

#include <algorithm>

#include "base/assert.h"

namespace rowcall::policy {

LeaseWorker::LeaseWorker(const LeaseTerms& terms, std::uint64_t worker, StrictLimit* limit)
    : terms_(terms), limit_(limit), worker_(worker), report_every_(terms.report_every) {
  limit_->set_permits(0);
}

void LeaseWorker::set_permits(std::int64_t permits, Instant now) {
  kept_ = shrink_from_ = permits;
  if (std::int64_t idle_kept = std::min(limit_->permits(), limit_->live());
      permits > 0 && permits < idle_kept) {
    shrink_from_ = idle_kept;
    shrink_since_ = now;
  }
  limit_->set_permits(shrink_from_);
}

void LeaseWorker::give_back(Instant now) {
  if (shrink_from_ == kept_) return;
  double left = 1 - seconds(now - shrink_since_) / seconds(terms_.period);
  if (left <= 0) shrink_from_ = kept_;
  auto more = static_cast<double>(shrink_from_ - kept_) * left;
  limit_->set_permits(kept_ + static_cast<std::int64_t>(more));
}

bool LeaseWorker::due(bool hungry, Instant now) {
  give_back(now);
  if (sequence_ == 0) return true;
  Duration since = now - reported_at_;
  if (since >= report_every_) return true;
  if (since < kNewsApart) return false;
  // News that got no answer may be lost.
  if (told_news_ && answered_ < sequence_ && since >= 2 * kNewsApart) return true;
  // Others wait for what has come back, and for the word that a shrink was understood.
  std::int64_t held = limit_->held(now);
  bool gives = held < reported_held_ || (limit_->permits() < most_granted_ && applied_ != reported_applied_);
  return gives || (hungry && !reported_hungry_);
}

LeaseReport LeaseWorker::report(bool hungry, Instant now) {
  expire(now);
  give_back(now);
  LeaseReport report;
  // The first of all is news, too: nobody waits a turn for it to be told again.
  told_news_ = sequence_ == 0 || now - reported_at_ < report_every_;
  report.worker = worker_;
  report.incarnation = incarnation_;
  report.sequence = ++sequence_;
  report.applied = applied_;
  report.held = limit_->held(now);
  report.used = limit_->take_peak();
  report.hungry = hungry;
  sent_.push_back({sequence_, now});
  while (now - sent_.front().at > terms_.ttl) sent_.pop_front();
  reported_at_ = now;
  reported_held_ = most_granted_ = report.held;
  reported_applied_ = applied_;
  reported_hungry_ = hungry;
  return report;
}

LeaseReport LeaseWorker::leave(Instant now) {
  if (leaving_.sequence == 0) {
    leaving_ = report(false, now);
    leaving_.leaving = true;
    limit_->count_cooling(now, terms_.reuse_after / static_cast<int>(LeaseReport::kSlices), leaving_.cooling);
    limit_->abandon();
    shrink_from_ = kept_ = 0;
    ends_ = now;
  }
  return leaving_;
}

void LeaseWorker::grant(const LeaseGrant& grant, Instant now) {
  expire(now);
  if (leaving_.sequence != 0) {
    left_ = left_ || (grant.worker == worker_ && grant.sequence >= leaving_.sequence);
    return;
  }
  if (grant.worker != worker_ || grant.incarnation != incarnation_ || grant.version < applied_) return;
  // The lease counts from when we asked, which is before the coordinator's own reckoning begins.
  auto asked = std::ranges::find(sent_, grant.sequence, &Sent::sequence);
  if (asked == sent_.end()) return;  // older than a whole lease
  Instant ends = asked->at + terms_.ttl;
  if (ends <= now) return;
  ends_ = std::max(ends_, ends);
  report_every_ = grant.report_every;
  answered_ = std::max(answered_, grant.sequence);
  if (grant.version == applied_) return;
  // A coordinator that was restarted believes what it was told first, which may have been under way for
  // long: its first word can leave us what we have, and not give what we have given back since.
  bool restarted = applied_.epoch != 0 && grant.version.epoch > applied_.epoch;
  set_permits(restarted ? std::min(limit_->permits(), grant.permits) : grant.permits, now);
  most_granted_ = std::max(most_granted_, limit_->permits());
  applied_ = grant.version;
}

void LeaseWorker::expire(Instant now) {
  if (leaving_.sequence != 0) return;
  if (now < ends_ || applied_ == LeaseVersion{}) return;
  limit_->abandon();
  shrink_from_ = kept_ = 0;
  ++expired_;
  ++incarnation_;
  sequence_ = answered_ = 0;
  applied_ = {};
  sent_.clear();
  reported_held_ = most_granted_ = 0;
  reported_hungry_ = false;
}

}  // namespace rowcall::policy
