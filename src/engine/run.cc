// SPDX-License-Identifier: Apache-2.0
#include "rowcall/run.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include "base/disk.h"
#include "base/try.h"
#include "engine/run_state.h"
#include "http/http1_transport.h"
#include "http/tls.h"
#include "loop/loop_clock.h"
#include "mapping/secrets.h"

namespace rowcall::engine {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The way of a row:
//
//   source -> intake -> window -> render -> gate, send, judge (again) -> extract -> window -> sink -> commit
//
// Back-pressure is the same line read backwards: a slow API fills the window, a full window admits no
// batch, and nobody asks the intake for more.
Async<void> Run::story() {
  started_at_ = clock_->now();
  tell(RunStarted{job_, prepared_.source, started_at_, shape_});
  if (auto remembered = remember_earlier_sends(); !remembered)
    stop(RunEnd::kFailed, std::move(remembered).error(), /*at_once=*/true);
  journal_.set_mark(mark_now());
  auto open = [this] { return outlet_.open(); };
  auto opening = writer_.run(executor_, open);
  Result<void> opened = co_await std::move(opening);
  if (!opened) stop(RunEnd::kFailed, std::move(opened).error(), /*at_once=*/true);

  if (auto joined = join_cluster(); !joined)
    stop(RunEnd::kFailed, std::move(joined).error(), /*at_once=*/true);

  // Beside the calls: batches are read ahead, complete ones are written, and somebody looks at the clock.
  spawn(intake_.read_ahead());
  spawn(write_batches());
  spawn(keep_watch());

  co_await make_calls();
  intake_.stop();
  while (calls_open_ > 0) co_await changed_.wait();
  if (asking_health_) gate_.stop();  // one that waits for its turn is not worth waiting for
  transport_->close();               // encoding may take a while, and nobody will be asked any more
  clear_suspects();
  if (lease_) lease_->stop();
  all_ended_ = true;
  changed_.raise();

  while (branches_ > 0) co_await changed_.wait();
  co_await close_outlet();
  make_report();
  over_ = true;
  on_over_();
}

// Takes batches from the intake and makes a call for every row of them, until the source ends or the run
// is stopped.
Async<void> Run::make_calls() {
  for (;;) {
    Result<std::optional<SourceBatch>> next = co_await intake_.next();
    if (!next) {
      // What was read before the error is called and written as usual; the table is not whole.
      end_ = RunEnd::kFailed;
      why_ = std::move(next).error();
      co_return;
    }
    if (!next->has_value()) co_return;
    std::vector<SourceBatch> pieces = take_up(*std::move(*next));
    for (SourceBatch& piece : pieces) {
      while (!window_.has_room() && !gate_.stopping()) co_await changed_.wait();
      if (gate_.stopping()) co_return;
      if (piece.rows) {
        Result<void> looked = prepared_.reader.look_at(*piece.rows.get());
        if (!looked) {
          end_ = RunEnd::kFailed;
          why_ = std::move(looked).error();
          co_return;
        }
      }
      std::int64_t bytes = piece.rows ? prepared_.reader.bytes() : 0;
      auto held = std::make_unique<HeldBatch>(std::move(piece), bytes, &prepared_.answers.columns());
      counts_.rows += held->source.records();
      note_unreadable(*held);
      HeldBatch* batch = window_.admit(std::move(held));
      if (batch->complete()) {  // nothing but unreadable records; it may be written, and gone, at any moment
        changed_.raise();
        continue;
      }
      co_await restore_rows(batch);
      if (batch->complete()) {
        changed_.raise();  // nobody to call for
      } else {
        co_await call_rows(batch);
      }
    }
  }
}

// A batch of the source, without what is in a part already, in pieces that fit into memory with their
// answers.
std::vector<SourceBatch> Run::take_up(SourceBatch batch) {
  BegunBatch begun{batch.position, 0};
  std::vector<SourceBatch> pieces;
  for (SourceBatch& open : without(std::move(batch), done_before_)) {
    begun.records += open.records();
    std::ranges::move(cutter_.cut(std::move(open)), std::back_inserter(pieces));
  }
  begun_.push_back(begun);
  return pieces;
}

// Gives rows the endings that an earlier run has kept, so that they are not called again.
Async<void> Run::restore_rows(HeldBatch* batch) {
  std::int64_t first = batch->source.position.row;
  RowRange range{first, first + batch->source.records()};
  if (journal_.may_hold(range)) {
    auto read = [this, range] { return journal_.read(range); };
    auto reading = syncer_.run(executor_, read);
    Result<std::vector<Segment>> segments = co_await std::move(reading);
    if (!segments) {
      stop(RunEnd::kFailed, std::move(segments).error(), /*at_once=*/false);
      co_return;
    }
    std::int64_t failed = counts_[Ending::kFailed];
    bool restored = AnswerJournal::restore(*segments, *batch, counts_);
    failed_before_ += counts_[Ending::kFailed] - failed;
    if (!restored) {
      Error damaged{ErrorCode::kInput, "the ledger",
                    "the answers of rows " + std::to_string(range.first + 1) + " to " +
                        std::to_string(range.end) + " are not those of this job's columns",
                    "the answers as this run has kept them", "Start anew with --fresh."};
      stop(RunEnd::kFailed, std::move(damaged), /*at_once=*/false);
      co_return;
    }
    window_.changed(batch);
  }
  if (!prepared_.requests.repeatable()) fail_unknown(batch);
}

// Calls that may not be repeated, and may have been sent before the process was killed.
void Run::fail_unknown(HeldBatch* batch) {
  CallEnd end;
  end.error_class = "unknown_fate";
  for (std::int64_t i = 0; i < batch->rows(); ++i) {
    if (batch->number(i) >= journal_.may_be_sent_before()) break;
    if (batch->endings[static_cast<std::size_t>(i)]) continue;
    fail_rows(
        batch, {i, 1}, end,
        "the run was killed when this call was under way or about to be sent: it may have been carried out, "
        "and request.idempotency = \"never\" forbids to repeat it");
  }
}

Async<void> Run::call_rows(HeldBatch* batch) {
  std::int64_t rows_per_call = job_.request.rows_per_call;
  for (mapping::RowSpan span = batch->open_rows(0, rows_per_call); span.count > 0;
       span = batch->open_rows(span.first + span.count, rows_per_call)) {
    std::int64_t end = batch->number(span.first + span.count - 1) + 1;
    while (!may_line_up()) co_await gate_.wanted().wait();
    if (!first_call_marked_) co_await mark_first_call();
    if (!prepared_.requests.repeatable()) co_await announce(end);
    if (gate_.stopping()) {
      for (; span.count > 0; span = batch->open_rows(span.first + span.count, rows_per_call)) {
        end_rows(batch, span, Ending::kSkipped);
      }
      co_return;
    }
    sent_before_ = std::max(sent_before_, end);
    Result<Request> request =
        prepared_.requests.render(prepared_.reader, span.first, span.count, batch->number(span.first));
    if (!request) {
      CallEnd unsent;
      unsent.error_class = "permanent";
      fail_rows(batch, span, unsent, request.error().text());
      continue;
    }
    auto keys = prepared_.requests.match_keys(prepared_.reader, span.first, span.count);
    ++calls_open_;
    auto call = one_call(batch, span, *std::move(request), std::move(keys));
    asio::co_spawn(executor_, std::move(call), [](std::exception_ptr unexpected) {
      if (unexpected) std::rethrow_exception(unexpected);
    });
  }
}

// First attempts are lined up only as far as their turn is near, and not while too many wait for a retry.
bool Run::may_line_up() const {
  if (gate_.stopping()) return true;
  if (job_.run.mode == Mode::kSync) return calls_open_ < job_.run.workers;
  return !journal_behind() && gate_.wants_more() &&
         gate_.resting() < std::max(job_.limits.rows_held_max / 4, 64);
}

Async<void> Run::one_call(HeldBatch* batch, mapping::RowSpan rows, Request request,
                          std::vector<std::string> keys) {
  CallEnd end = co_await make_call(request, batch->number(rows.first), rows.count, calls_);
  settle(batch, rows, std::move(end), keys);
  --calls_open_;
  if (calls_open_ == 0) changed_.raise();
  if (job_.run.mode == Mode::kSync) gate_.wanted().raise();
}

// Hands complete batches to the writing thread, one at a time.
Async<void> Run::write_batches() {
  for (;;) {
    std::unique_ptr<HeldBatch> batch = window_.take_complete();
    if (!batch) {
      if (all_ended_) co_return;
      co_await changed_.wait();
      continue;
    }
    changed_.raise();  // there is room again
    if (write_failed_) continue;
    auto write = [this, begun = std::exchange(begun_, {}), batch = std::move(batch)]() mutable {
      outlet_.begin(begun);
      return outlet_.write(std::move(batch));
    };
    Instant began = clock_->now();
    auto writing = writer_.run(executor_, std::move(write));
    Result<void> written = co_await std::move(writing);
    for (const PartInfo& part : outlet_.take_published()) tell(PartPublished{part, clock_->now() - began});
    if (written) continue;
    write_failed_ = true;
    stop(RunEnd::kFailed, std::move(written).error(), /*at_once=*/false);
  }
}

Async<void> Run::close_outlet() {
  bool whole = end_ == RunEnd::kComplete;
  bool write = !write_failed_ && !at_once_;
  journal_.set_mark(mark_at_rest());
  auto close = [this, whole, write, begun = std::exchange(begun_, {})]() -> Result<void> {
    outlet_.begin(begun);
    if (write) return outlet_.close(whole);
    outlet_.abort();
    return journal_.sync();
  };
  Instant began = clock_->now();
  auto closing = writer_.run(executor_, close);
  Result<void> closed = co_await std::move(closing);
  for (const PartInfo& part : outlet_.take_published()) tell(PartPublished{part, clock_->now() - began});
  if (closed) co_return;
  end_ = RunEnd::kFailed;
  why_ = std::move(closed).error();
  auto abort = [this] {
    outlet_.abort();
    return true;
  };
  auto aborting = writer_.run(executor_, abort);
  co_await std::move(aborting);
}

void Run::spawn(Async<void> work) {
  ++branches_;
  asio::co_spawn(executor_, std::move(work), [this](std::exception_ptr unexpected) {
    if (unexpected) std::rethrow_exception(unexpected);
    --branches_;
    changed_.raise();
  });
}

Run::Run(Executor executor, Clock* clock, Worker::Kind workers, const Job& job, const Host& host,
         Prepared prepared, const Worker::Schedule& schedule)
    : executor_(executor),
      clock_(clock),
      job_(job),
      host_(host),
      prepared_(std::move(prepared)),
      policies_(job, prepared_.classifier, job.run.seed != 0 ? job.run.seed : std::random_device()(),
                prepared_.in_flight_max,
                host.cluster.coordinator.empty() ? policy::Limiter::Permits::kOwn
                                                 : policy::Limiter::Permits::kLent),
      gate_(executor, clock, &policies_, job.limits.max_calls,
            [this] {
              stop(RunEnd::kStopped,
                   {ErrorCode::kStopped, "limits.max_calls",
                    std::to_string(job_.limits.max_calls) + " calls were made", "",
                    "Raise it, or run again to go on."},
                   /*at_once=*/false);
            }),
      calls_{clock,
             nullptr,
             &gate_,
             &policies_,
             &prepared_.answers,
             &counts_,
             &host_.listener,
             [this](Instant at, std::int64_t weight) { note_sent(at, weight); },
             prepared_.requests.repeatable()},
      intake_(executor, clock, &reader_, host.source, job.limits.batches_ahead_max, &host_.listener),
      cutter_(std::ranges::any_of(prepared_.answers.columns(),
                                  [](const table::Column& column) {
                                    return column.type.id == table::TypeId::kString ||
                                           column.type.id == table::TypeId::kJson;
                                  }),
              job.request.rows_per_call),
      done_before_(host.resume.beyond),
      journal_(host.journal),
      window_(job.run.order, job.limits.rows_held_max, job.limits.bytes_held_max),
      outlet_(host, job, &journal_, *prepared_.input.get(), *prepared_.output.get()),
      changed_(executor),
      synced_(executor),
      unlogged_before_(host.journal.mark.under_way),
      counts_(host.resume.counts),
      reader_(workers, "rowcall-read", schedule),
      writer_(workers, "rowcall-write", schedule),
      syncer_(workers, "rowcall-ledger", schedule) {
  for (const table::Column& column : prepared_.answers.columns()) shape_.push_back({column.name, 0, 0});
  failed_before_ = counts_[Ending::kFailed] + counts_[Ending::kUnreadable];
  if (!prepared_.requests.repeatable()) announced_ = journal_.may_be_sent_before();
  for (const RateLimit& limit : job.limits.rate) {
    LimitAudit audit{policy::WindowAudit(limit.period), limit.unweighted};
    if (limit.renewal) audit.of = policy::CalendarAudit(*limit.renewal);
    audits_.push_back(std::move(audit));
  }
  policies_.limiter.set_wall(clock->wall(), clock->now());
}

LineEvents Run::line_events() {
  return {[this] { gate_.look(); }, [this](Reply reply) { gate_.dial_failed(std::move(reply)); },
          [this](const ConnectionOpened& opened) { tell(opened); }};
}

void Run::start(Transport* transport, std::function<void()> over) {
  transport_ = transport;
  calls_.transport = transport;
  gate_.attach(transport);
  on_over_ = std::move(over);
  asio::co_spawn(executor_, story(), [](std::exception_ptr unexpected) {
    if (unexpected) std::rethrow_exception(unexpected);
  });
}

}  // namespace rowcall::engine

namespace rowcall {
namespace {

// The system has no descriptor left for an event loop; else a bug, or no memory.
Error error_of(const std::exception& unexpected) {
  const auto* refused = dynamic_cast<const boost::system::system_error*>(&unexpected);
  if (refused != nullptr && (refused->code().value() == EMFILE || refused->code().value() == ENFILE)) {
    return disk_error("the run", "starting", refused->code().value());
  }
  return {ErrorCode::kInternal, "the run", std::string("unexpected error: ") + unexpected.what(), "", ""};
}

}  // namespace

Result<Report> run(const Job& job, const Host& given) {
  namespace asio = boost::asio;
  Host host = given;
  if (host.cluster.coordinator.empty()) {
    TRY(host.cluster, mapping::cluster_of(job));
  }
  TRY(engine::Prepared prepared, engine::prepare(job, *host.source, host.run_id));
  std::unique_ptr<asio::ssl::context> tls;
  if (prepared.requests.endpoint().tls) {
    TRY(tls, http::make_tls(job.request));
  }
  http::TransportOptions options{prepared.requests.endpoint(), prepared.in_flight_max,
                                 job.request.timeout,          job.request.connect_timeout,
                                 job.response.body_bytes_max,  job.request.tls_verify};
  try {
    asio::io_context context(1);
    bool shares = !host.cluster.coordinator.empty();
    LoopClock clock(context, shares ? LoopClock::kSharedTick : LoopClock::kTick);
    engine::Run run(context.get_executor(), &clock, Worker::Kind::kThread, job, host, std::move(prepared));
    http::Http1Transport transport(context.get_executor(), &clock, std::move(options), std::move(tls),
                                   run.line_events());
    run.start(&transport, [&context] { context.stop(); });
    clock.run(context);
    return run.report();
  } catch (const std::exception& unexpected) {
    // What was published stays; nothing half-written does.
    Report report;
    report.end = RunEnd::kFailed;
    report.error = error_of(unexpected);
    return report;
  }
}

}  // namespace rowcall
