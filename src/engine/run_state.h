// SPDX-License-Identifier: Apache-2.0
// A run. What happens is told once, from top to bottom, in `Run::story` in run.cc.
//
// Everything here belongs to the loop thread, except what the source does on the reading thread and the
// outlet on the writing thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "rowcall/run.h"

#include "call/call.h"
#include "call/gate.h"
#include "call/policies.h"
#include "engine/answer_journal.h"
#include "engine/batch_cutter.h"
#include "engine/intake.h"
#include "engine/outlet.h"
#include "engine/prepare.h"
#include "engine/progress.h"
#include "engine/row_ranges.h"
#include "engine/window.h"
#include "http/transport.h"
#include "lease/lease_client.h"
#include "loop/clock.h"
#include "loop/worker.h"
#include "policy/calendar_limit.h"
#include "policy/window_audit.h"

namespace rowcall::engine {

class Run {
 public:
  /// Takes over what was prepared; everything else must outlive the run. With Kind::kInline there are no
  /// threads, and a run repeats exactly; `schedule` says then how long the workers take.
  Run(Executor executor, Clock* clock, Worker::Kind workers, const Job& job, const Host& host,
      Prepared prepared, const Worker::Schedule& schedule = {});
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// What the transport of this run has to call.
  LineEvents line_events();
  /// Begins. `over` is called on the loop when the report is there.
  void start(Transport* transport, std::function<void()> over);
  bool over() const { return over_; }
  const Report& report() const { return report_; }
  const mapping::RequestMapper& requests() const { return prepared_.requests; }

 private:
  // What was sent against one limit, counted apart from the limiter.
  struct LimitAudit {
    std::variant<policy::WindowAudit, policy::CalendarAudit> of;
    bool unweighted;
  };

  Async<void> story();
  Async<void> make_calls();
  Async<void> call_rows(HeldBatch* batch);
  Async<void> one_call(HeldBatch* batch, mapping::RowSpan rows, Request request,
                       std::vector<std::string> keys);
  Async<void> write_batches();
  Async<void> close_outlet();
  Async<void> keep_watch();
  std::vector<SourceBatch> take_up(SourceBatch batch);
  Async<void> restore_rows(HeldBatch* batch);
  void fail_unknown(HeldBatch* batch);

  // Answers made durable (group_commit.cc).
  void sync_when_due(Instant now);
  void begin_sync(Instant now);
  SendMark mark_now() const;
  SendMark mark_at_rest() const;
  Async<void> mark_first_call();
  Async<void> sync_journal();
  Async<void> announce(std::int64_t end);
  bool journal_behind() const;

  // Endings of rows (settle.cc).
  void settle(HeldBatch* batch, mapping::RowSpan rows, CallEnd end, const std::vector<std::string>& keys);
  void settle_answer(HeldBatch* batch, mapping::RowSpan rows, CallEnd& end,
                     const std::vector<std::string>& keys);
  void note_shape(const HeldBatch& batch, std::int64_t index);
  void end_rows(HeldBatch* batch, mapping::RowSpan rows, Ending ending);
  void fail_rows(HeldBatch* batch, mapping::RowSpan rows, const CallEnd& end, const std::string& message);
  void note_unreadable(const HeldBatch& batch);
  void suspect(HeldBatch* batch, mapping::RowSpan rows, CallEnd end);
  void clear_suspects();
  void check_error_caps();

  // Watching and stopping (watch.cc).
  void stop(RunEnd end, Error why, bool at_once);
  void check_stop_flag();
  void check_hold(Instant now);
  Result<void> join_cluster();
  void tick(Instant now);
  void tell_move();
  double pace_below_limits(Instant now) const;
  void make_report();
  std::string sums_that_differ() const;

  // Asking the health URL (health.cc).
  void ask_health_when_due(Instant now);
  Async<void> ask_health();

  void spawn(Async<void> work);
  bool may_line_up() const;
  void note_sent(Instant at, std::int64_t weight);
  Result<void> remember_earlier_sends();
  void remember_unknown_sends();
  Result<void> remember_unlogged_sends(std::int64_t weight);
  void tell(const Event& event) const {
    if (host_.listener) host_.listener(event);
  }

  Executor executor_;
  Clock* clock_;
  const Job& job_;
  const Host& host_;
  Prepared prepared_;
  Policies policies_;
  Gate gate_;
  std::unique_ptr<lease::LeaseClient> lease_;  // null: the limits are this run's alone
  Transport* transport_ = nullptr;
  CallContext calls_;
  Intake intake_;
  BatchCutter cutter_;
  RowRanges done_before_;          // in parts of an earlier run
  std::vector<BegunBatch> begun_;  // not yet told to the outlet
  AnswerJournal journal_;
  Window window_;
  Outlet outlet_;
  Signal changed_;  // a call or a batch is done, room was made, a branch has ended
  Signal synced_;   // the journal was synced
  bool syncing_ = false;
  Instant sync_begun_{};
  std::int64_t sent_before_ = 0;  // no call was lined up for this row or a later one
  std::int64_t announced_ = 0;    // the same, rounded up, for calls that may not be repeated
  bool may_have_sent_ = false;    // every mark says so from before the first call on
  bool first_call_marked_ = false;
  std::int64_t unlogged_before_;  // calls under way of a killed run, until what it may have sent is kept

  Counts counts_;
  std::int64_t failed_before_ = 0;  // rows that failed or could not be read in earlier sessions
  Instant started_at_{};
  Instant first_sent_{};
  Instant last_sent_{};
  std::vector<LimitAudit> audits_;  // one for each limit
  int branches_ = 0;                // coroutines beside the story
  int calls_open_ = 0;
  bool all_ended_ = false;  // every admitted row has its ending
  bool write_failed_ = false;
  bool at_once_ = false;
  bool over_ = false;
  std::function<void()> on_over_;
  RunEnd end_ = RunEnd::kComplete;
  Error why_;
  bool was_held_ = false;
  std::uint64_t moves_told_ = 0;
  std::vector<AnswerColumn> shape_;  // of the answers so far, for those who listen
  Instant health_asked_{};
  bool asking_health_ = false;
  Report report_;

  // Fatal answers: several in a row end the run, a single one is its row's failure. Until it is known
  // which, their rows have no ending.
  struct Suspect {
    HeldBatch* batch;
    mapping::RowSpan rows;
    CallEnd end;
  };
  std::vector<Suspect> suspects_;

  // Last, so that they are joined first: their work looks at everything above.
  Worker reader_;
  Worker writer_;
  Worker syncer_;
};

}  // namespace rowcall::engine
