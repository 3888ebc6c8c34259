// SPDX-License-Identifier: Apache-2.0
#include "engine/recovery.h"

#include <algorithm>
#include <utility>

#include "engine/answer_journal.h"

namespace rowcall::engine {
namespace {

constexpr std::int64_t kRowsAtATime = 20'000;

}  // namespace

void Recovery::add(Commit commit) {
  NotedTries tries{commit.noted_at, commit.part.rows};
  for (Unanswered& reason : commit.unanswered) {
    bool unreadable = reason.error_class == "unreadable";
    Unanswered news{reason.error_class, reason.status, reason.attempts, std::move(reason.message), {}};
    for (const RowRange& range : reason.rows) {
      // A run that was recovered once has told of some of them twice; the first time counts.
      for (const RowRange& open : unanswered_.missing(range)) {
        unanswered_.add(open);
        (unreadable ? unreadable_ : failed_) += open.end - open.first;
        if (!unreadable) tries.rows += (open.end - open.first) * reason.attempts;
        news.rows.push_back(open);
      }
    }
    if (!unreadable && !news.rows.empty()) failures_.push_back(std::move(news));
  }
  tries_.push_back(tries);
  starts_.push_back(commit.next);
  last_ = std::move(commit);
  last_.unanswered.clear();
}

Commit Recovery::commit() const {
  Commit commit = last_;
  commit.part = {};
  commit.failure_parts = 0;
  commit.counts[Ending::kFailed] = 0;
  commit.counts[Ending::kUnreadable] = 0;
  commit.counts.rows = commit.counts.ended();
  std::vector<RowRange> open = unanswered_.all();
  if (open.empty()) return commit;
  RowRanges done(last_.beyond);
  done.add({0, last_.next.row});
  for (const RowRange& range : open) done.remove(range);
  // The last place from which every row without an answer is still read.
  commit.next = {};
  for (const SourcePosition& start : starts_) {
    if (start.row <= open.front().first && start.row > commit.next.row) commit.next = start;
  }
  done.forget_before(commit.next.row);
  commit.beyond = done.all();
  return commit;
}

std::vector<Segment> Recovery::next_segments() {
  ledger::SegmentWriter segments;
  std::int64_t left = kRowsAtATime;
  while (left > 0 && next_reason_ < failures_.size()) {
    const Unanswered& reason = failures_[next_reason_];
    if (next_range_ == reason.rows.size()) {
      ++next_reason_;
      next_range_ = 0;
      continue;
    }
    RowRange range = reason.rows[next_range_];
    range.first = std::max(range.first, next_in_range_);
    range.end = std::min(range.end, range.first + left);
    AnswerJournal::write_failure(reason, range, segments);
    left -= range.end - range.first;
    next_in_range_ = range.end;
    if (range.end == reason.rows[next_range_].end) {
      ++next_range_;
      next_in_range_ = 0;
    }
  }
  return segments.take();
}

}  // namespace rowcall::engine
