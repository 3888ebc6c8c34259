// SPDX-License-Identifier: Apache-2.0
// What came of rows since the last sync, on its way to the host's journal; and what an earlier run kept
// there.
//
// docs/ledger.md tells what is written when, and why. The loop thread notes; `sync` may be called from any
// thread: the group commit calls it every 100 ms, the outlet before it publishes a part.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/journal.h"

#include "engine/held_batch.h"
#include "ledger/segment.h"

namespace rowcall::engine {

class AnswerJournal {
 public:
  /// `host` must outlive this. Without a `keep` function nothing is noted; what earlier runs kept is read.
  explicit AnswerJournal(const Journal& host)
      : host_(host), durable_(host.mark), durable_before_(host.mark.before) {}

  bool on() const { return static_cast<bool>(host_.keep); }

  /// A row was answered; its values are those of the batch.
  void note_answer(const HeldBatch& batch, std::int64_t index, Ending ending);
  void note_failure(const HeldBatch& batch, const FailedRow& failed);
  /// From now on this mark goes with every sync.
  void set_mark(const SendMark& mark);

  /// There is something to sync.
  bool has_news() const;
  /// So much waits that it should be synced at once.
  bool is_large() const;
  /// Makes everything durable that was noted before. After an error it is kept for the next try.
  Result<void> sync();
  /// The row before which calls may be sent, as far as that is durable.
  std::int64_t durable_before() const { return durable_before_.load(); }
  /// The last mark that is durable says that calls may be under way, and no other one is being written.
  bool durable_under_way() const;

  /// True when an earlier run may have kept rows of this range.
  bool may_hold(RowRange range) const { return host_.read && range.first < host_.kept_before; }
  /// See Journal::read.
  Result<std::vector<Segment>> read(RowRange range) const { return host_.read(range); }
  /// Ends the rows of `batch` that stand in `segments` as they ended then, and counts them. False when a
  /// record is damaged.
  static bool restore(const std::vector<Segment>& segments, HeldBatch& batch, Counts& counts);
  /// What `note_failure` would have kept of rows that ended like this.
  static void write_failure(const Unanswered& reason, RowRange rows, ledger::SegmentWriter& into);
  /// How far calls of an earlier run may have come that did not end in good order.
  std::int64_t may_be_sent_before() const { return host_.mark.before; }

 private:
  const Journal& host_;
  std::string record_;              // of the loop thread, used again and again
  mutable std::mutex noted_mutex_;  // what the loop thread and a sync share
  ledger::SegmentWriter noted_;
  SendMark mark_;
  std::optional<SendMark> durable_;  // none while one is being written, or when that has failed
  std::mutex sync_mutex_;            // one sync at a time
  std::vector<Segment> unsynced_;
  std::atomic<std::int64_t> durable_before_;
};

}  // namespace rowcall::engine
