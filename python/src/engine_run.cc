// SPDX-License-Identifier: Apache-2.0
#include "python/src/engine_run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "rowcall/version.h"

#include "base/parse.h"
#include "base/try.h"
#include "engine/failure_table.h"
#include "engine/prepare.h"
#include "mapping/secrets.h"
#include "table/schema.h"
#include "telemetry/attempt_time.h"
#include "telemetry/resources.h"

namespace rowcall::python {
namespace {

constexpr int kInfo = 20;
constexpr int kWarning = 30;
constexpr std::size_t kMessagesMax = 1000;   // nobody may be listening
constexpr std::int64_t kFailuresTold = 20;   // the failure table has all of them
constexpr std::int64_t kBatchesWaiting = 8;  // answers ready and not taken
constexpr std::chrono::seconds kPatience(10);

WallTime wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

// Signals are Python's, for its main thread: the threads that come out of this one block all of them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// Door: the table read, as the consumer's thread hands it over.
class EngineRun::Source final : public TableSource {
 public:
  explicit Source(EngineRun* run) : run_(run) {}
  Result<OwnedSchema> schema() override { return table::copy_of(run_->input_.schema()); }
  Result<SourceInfo> info() override {
    SourceInfo info;
    info.files = {{"the input table", -1, ""}};
    info.rows = run_->options_.rows_expected;
    info.rows_exact = info.rows >= 0;
    return info;
  }
  Result<std::optional<SourceBatch>> next() override { return run_->hand_over_.next_input(); }
  Result<void> seek(const SourcePosition&) override {
    return failure(
        {ErrorCode::kInternal, "the input table", "a stream cannot be read from its middle", "", ""});
  }

 private:
  EngineRun* run_;
};

// Door: the table written, for the consumer's thread to take.
class EngineRun::Sink final : public TableSink {
 public:
  explicit Sink(EngineRun* run) : run_(run) {}
  Result<void> open(OwnedSchema, int) override { return {}; }
  Result<void> write(OwnedArray rows) override {
    waiting_ += rows->length;
    run_->hand_over_.put(std::move(rows));
    return {};
  }
  Result<PartInfo> publish() override { return PartInfo{"memory", std::exchange(waiting_, 0), 0}; }
  Result<void> finish(std::int64_t) override { return {}; }
  void abort() override {}

 private:
  EngineRun* run_;
  std::int64_t waiting_ = 0;
};

Result<std::shared_ptr<EngineRun>> EngineRun::make(Job job, OwnedStream stream, EngineRunOptions options) {
  TRY(std::vector<std::string> secrets, mapping::secrets_of(job));
  TRY(InputStream input, InputStream::open(std::move(stream), job.source.batch_size));
  // After a fork, the child's copy is never taken apart: its locks are held by threads that are not there.
  auto end = [](EngineRun* run) {
    if (run->is_of_this_process()) delete run;
  };
  std::shared_ptr<EngineRun> run(new EngineRun(std::move(job), std::move(input), std::move(options), secrets),
                                 end);
  TRY(engine::Prepared prepared, engine::prepare(run->job_, *run->source_, run->options_.run_id));
  run->output_schema_ = std::move(prepared.output);
  return run;
}

EngineRun::EngineRun(Job job, InputStream input, EngineRunOptions options,
                     const std::vector<std::string>& secrets)
    : job_(std::move(job)),
      options_(std::move(options)),
      process_(::getpid()),
      redactor_(secrets),
      input_(std::move(input)),
      hand_over_(kBatchesWaiting * job_.source.batch_size),
      source_(std::make_unique<Source>(this)),
      sink_(std::make_unique<Sink>(this)) {}

EngineRun::~EngineRun() {
  close();
}

bool EngineRun::is_of_this_process() const {
  return process_ == ::getpid();
}

Result<void> EngineRun::open_telemetry() {
  if (job_.run.dir.empty()) return {};
  TRY(std::vector<std::string> secrets, mapping::secrets_of(job_));
  telemetry::TelemetryOptions told;
  told.dir = job_.run.dir;
  told.version = kVersion;
  told.console.fd = -1;  // Python's logging and progress have the terminal
  told.console.quiet = true;
  told.secrets = std::move(secrets);
  told.go_on = "enrich again";
  TRY(telemetry_, telemetry::Telemetry::open(job_, std::move(told)));
  return {};
}

void EngineRun::start() {
  Result<void> opened = open_telemetry();
  if (!opened) {
    result_ = failure(std::move(opened).error());
    hand_over_.over();
    return;
  }
  SignalsBlocked blocked;
  thread_ = std::thread([this] { work(); });
}

HandOver::Turn EngineRun::turn(Duration most) {
  std::lock_guard consuming(consuming_);
  if (closed_) return HandOver::Turn::kOver;
  if (!thread_.joinable() && started_at_ == WallTime{}) {
    started_at_ = wall_now();
    start();
  }
  auto time_is_up = std::chrono::steady_clock::now() + most;
  for (;;) {
    HandOver::Turn turn = hand_over_.wait_until(time_is_up);
    input_.yard().empty();
    if (turn == HandOver::Turn::kOver) end_work();
    if (turn != HandOver::Turn::kInput) return turn;
    Result<std::vector<SourceBatch>> batches = input_.pull();
    if (!batches) {
      hand_over_.end_input(std::move(batches).error());
    } else if (batches->empty()) {
      hand_over_.end_input(std::nullopt);
    } else {
      hand_over_.give(*std::move(batches));
    }
  }
}

void EngineRun::stop() {
  stop_.raise();
  hand_over_.stop_reading();
}

void EngineRun::close() {
  if (!is_of_this_process()) return;
  stop_.raise();
  stop_.raise();
  hand_over_.close();
  // Whoever is inside the user's stream cannot be called back; the process is not kept waiting for that.
  std::unique_lock consuming(consuming_, kPatience);
  if (!consuming || std::exchange(closed_, true)) return;
  end_work();
  static_cast<void>(take_messages());  // whoever closes does not listen
}

// The consumer's thread, when no thread of the run is left or will be left soon.
void EngineRun::end_work() {
  if (thread_.joinable()) thread_.join();
  input_.close();
  input_.yard().close();
}

// The run's own thread.
void EngineRun::work() {
  cpu_before_ = telemetry::cpu_used();
  Host host;
  host.source = source_.get();
  host.sink = sink_.get();
  host.failures = &failures_;
  host.listener = [this](const Event& event) { listen(event); };
  if (telemetry_) {
    telemetry_->add(std::move(host.listener));
    host.listener = telemetry_->listener();
  }
  host.stop = &stop_;
  host.run_id = options_.run_id;
  host.cluster = options_.cluster;
  result_ = rowcall::run(job_, host);
  finish_report();
  hand_over_.over();
}

void EngineRun::finish_report() {
  ended_at_ = wall_now();
  cpu_ = telemetry::cpu_used() - cpu_before_;
  if (!result_) return;
  // A stopped run hears of it from its source, too; whichever came first, it was stopped and did not fail.
  if (result_->end == RunEnd::kFailed && result_->error.code == ErrorCode::kStopped) {
    result_->end = RunEnd::kStopped;
  }
  if (result_->counts[Ending::kFailed] > kFailuresTold) {
    say(kWarning,
        grouped(result_->counts[Ending::kFailed]) + " rows failed in all; the failure table has them");
  }
  if (!telemetry_) return;
  Result<std::string> closing = telemetry_->finish(*result_);
  if (!closing) say(kWarning, closing.error().text());
}

void EngineRun::listen(const Event& event) {
  if (const auto* ended = std::get_if<AttemptEnded>(&event)) {
    if (ended->reply.on_wire && ended->reply.error == TransportError::kNone) {
      latencies_.add(telemetry::time_taken(ended->reply));
    }
  } else if (const auto* tick = std::get_if<Tick>(&event)) {
    std::lock_guard lock(mutex_);
    progress_ = {
        true, tick->counts, tick->rows_expected, tick->in_flight, tick->held, std::string(tick->held_why)};
  } else if (const auto* failed = std::get_if<RowsFailed>(&event)) {
    if (++failures_told_ > kFailuresTold) return;
    say(kWarning, "row " + std::to_string(failed->row) + " failed (" + std::string(failed->error_class) +
                      "): " + std::string(failed->message));
  } else if (const auto* hold = std::get_if<HoldChanged>(&event)) {
    say(kWarning,
        hold->held ? "held, nothing is sent for a while: " + std::string(hold->why) : "sending again");
  } else if (const auto* warning = std::get_if<Warning>(&event)) {
    say(kWarning, std::string(warning->text));
  } else if (std::holds_alternative<RunStarted>(event)) {
    say(kInfo, "run started: " + job_.request.method + " " + job_.request.url);
  }
}

void EngineRun::say(int level, std::string text) {
  redactor_.mask(text);
  std::lock_guard lock(mutex_);
  if (messages_.size() < kMessagesMax) messages_.push_back({level, std::move(text)});
}

Progress EngineRun::progress() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

std::vector<Message> EngineRun::take_messages() {
  std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

telemetry::Summary EngineRun::summary() const {
  telemetry::Summary summary;
  summary.name = job_.name;
  summary.version = kVersion;
  summary.run_dir = job_.run.dir;
  summary.limits = job_.limits.rate;
  summary.report = result_ ? *result_ : Report{};
  if (!result_) {
    summary.report.end = RunEnd::kFailed;
    summary.report.error = result_.error();
  }
  summary.rows_expected = options_.rows_expected;
  summary.started_at = started_at_;
  summary.ended_at = ended_at_;
  summary.cpu = cpu_;
  summary.rss_max_bytes = telemetry::rss_max_bytes();
  telemetry::set_latencies(summary, latencies_);
  telemetry::mask(summary, redactor_);
  return summary;
}

std::string EngineRun::report_json() const {
  return telemetry::summary_json(summary());
}

std::string EngineRun::closing_text() const {
  return telemetry::closing_text(summary());
}

// The last column of a failure table is row_id, an int64 without nulls.
std::vector<std::int64_t> EngineRun::absent_rows() const {
  std::vector<std::int64_t> rows;
  if (result_) rows = result_->left_out;
  std::vector<table::SharedTable> failed;
  if (failures_.table()) failed = failures_.table()->batches;
  for (const table::SharedTable& batch : failed) {
    const ArrowArray& ids = *(*batch)->children[(*batch)->n_children - 1];
    const auto* values = static_cast<const std::int64_t*>(ids.buffers[1]) + ids.offset + (*batch)->offset;
    rows.insert(rows.end(), values, values + (*batch)->length);
  }
  std::ranges::sort(rows);
  return rows;
}

std::shared_ptr<const KeptTable> EngineRun::failures() const {
  if (failures_.table()) return failures_.table();
  auto none = std::make_shared<KeptTable>();
  none->schema = engine::FailureTable(input_.schema()).schema();
  return none;
}

}  // namespace rowcall::python
