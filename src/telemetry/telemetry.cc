// SPDX-License-Identifier: Apache-2.0
#include "telemetry/telemetry.h"

#include <unistd.h>

#include <utility>
#include <variant>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "telemetry/api_client_log.h"
#include "telemetry/api_health.h"
#include "telemetry/board.h"
#include "telemetry/call_log.h"
#include "telemetry/causes.h"
#include "telemetry/console.h"
#include "telemetry/figures.h"
#include "telemetry/latency_sketch.h"
#include "telemetry/line_file.h"
#include "telemetry/logs.h"
#include "telemetry/metrics.h"
#include "telemetry/processor_log.h"
#include "telemetry/progress.h"
#include "telemetry/redactor.h"
#include "telemetry/resources.h"
#include "telemetry/second_meter.h"
#include "telemetry/story.h"
#include "telemetry/summary.h"
#include "telemetry/unexpected.h"

namespace rowcall::telemetry {
namespace {

constexpr Duration kLogFlushEvery = 1s;

WallTime system_clock_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

ProgressOptions progress_options(const TelemetryOptions& all, const Job& job) {
  const ConsoleOptions& options = all.console;
  Surroundings where = surroundings_of(options.fd);
  // The table goes to the same terminal: a display redrawn between its lines would spoil both.
  bool table_on_terminal = job.sink.path == "-" && ::isatty(STDOUT_FILENO) == 1;
  ProgressOptions out;
  out.price_per_call = all.price_per_call;
  out.display = options.display.value_or(display_for(where, table_on_terminal));
  if (options.quiet) out.display = Display::kNone;
  out.colour = options.colour.value_or(colour_for(where));
  out.unicode = options.unicode.value_or(unicode_for(where));
  return out;
}

// As a shell wants it: a path with a blank in it must survive being copied from the screen.
std::string shell_word(const std::string& path) {
  constexpr std::string_view harmless =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+@:=,";
  if (!path.empty() && path.find_first_not_of(harmless) == std::string::npos) return path;
  std::string out = "'";
  for (char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

struct Telemetry::Parts {
  Parts(const Job& for_job, TelemetryOptions given)
      : job(for_job),
        options(std::move(given)),
        redactor(options.secrets),
        progress_how(progress_options(options, for_job)),
        console(options.console.fd, progress_how.display == Display::kLive),
        progress(progress_how, &console, &redactor),
        cpu_before(cpu_used()),
        metrics(options.version, options.price_per_call, &latencies, &health.api()),
        causes(&redactor) {}

  Result<void> open();
  WallTime wall() const { return options.wall_clock ? options.wall_clock() : system_clock_now(); }

  void take(const RunStarted& event);
  void take(const AttemptEnded& event);
  void take(const RetryPlanned& event) { api_client->on(event); }
  void take(const RowsFailed& event);
  void take(const RowUnreadable& event);
  void take(const HoldChanged& event);
  void take(const PaceChanged& event);
  void take(const BatchRead& event);
  void take(const PartPublished& event);
  void take(const LedgerSynced& event) { meter.on(event); }
  void take(const ConnectionOpened& event) {
    meter.on(event);
    warn(health.on(event, wall()));
  }
  void take(const HealthChecked& event) { warn(health.on(event, wall())); }
  void take(const Warning& event);
  void take(const Tick& event);
  void take(const RunEnded& event);

  // With run.telemetry = false: what the display and summary.json need.
  void take_little(const RunStarted& event);
  void take_little(const Tick& event);
  void take_little(const Warning& event) { logs->write(LogFile::kProcessor, LogLevel::kWarning, event.text); }
  void take_little(const RunEnded& event) {
    if (!std::exchange(ended, true)) progress.on(event);
  }
  void take_little(const auto& /*other*/) {}

  void on(const Event& event) {
    if (job.run.telemetry) {
      std::visit([this](const auto& known) { take(known); }, event);
    } else {
      std::visit([this](const auto& known) { take_little(known); }, event);
    }
    for (const Listener& listener : more) listener(event);
  }
  void warn(const std::string& text) {
    if (!text.empty()) take(Warning{text});
  }
  void note_trouble(const Error& error);
  void take_second(const SecondMeter::Made& made);
  void raise(const policy::Anomaly& anomaly);
  void show(const SecondRecord& record);
  Summary summary_of(const Report& report);

  const Job job;
  const TelemetryOptions options;
  const Redactor redactor;
  const ProgressOptions progress_how;
  Console console;
  Progress progress;
  Duration cpu_before;
  std::unique_ptr<Logs> logs;
  std::optional<TerminateWatch> watch;
  LatencySketch latencies;
  ApiHealth health;
  std::unique_ptr<CallLog> call_log;  ///< Empty when the job wants none.
  std::optional<ProcessorLog> processor;
  std::optional<ApiClientLog> api_client;
  SecondMeter meter;
  Metrics metrics;
  Causes causes;
  std::unique_ptr<LineFile> seconds_file;
  std::unique_ptr<LineFile> story_file;
  std::optional<Story> story;
  std::optional<policy::AnomalyWatch> anomalies;
  int seconds_since_story = 0;
  int seconds_since_cloudwatch = 0;
  std::vector<Listener> more;
  std::vector<std::string> notes;
  WallTime started_at{};
  std::int64_t rows_expected = -1;
  Instant logs_flushed_at{};
  bool ended = false;
};

Result<void> Telemetry::Parts::open() {
  LogsOptions how{job.log, options.console.quiet ? LogLevel::kError : LogLevel::kWarning};
  started_at = wall();
  if (!job.run.telemetry) {
    TRY_VOID(make_folder(options.dir));
    logs = Logs::nowhere(how, &redactor, &console);
    return {};
  }
  TRY_VOID(make_folder(options.dir / "logs"));
  TRY(logs, Logs::open(options.dir / "logs", how, &redactor, &console));
  if (job.run.call_log) {
    auto trouble = [this](const Error& error) { note_trouble(error); };
    TRY(call_log, CallLog::open(options.dir / "calls.log", trouble));
  }
  watch.emplace(logs.get());
  processor.emplace(logs.get(), options.version);
  api_client.emplace(logs.get(), &latencies, job.log.slow_call);
  TRY(seconds_file, LineFile::open(options.dir / "metrics.ndjson"));
  TRY(story_file, LineFile::open(options.dir / "events.ndjson"));
  story.emplace(story_file.get(), &redactor, &causes);
  return {};
}

void Telemetry::Parts::note_trouble(const Error& error) {
  notes.push_back("calls.log is not complete: " + error.text());
  logs->write(LogFile::kProcessor, LogLevel::kWarning, notes.back());
}

void Telemetry::Parts::take(const RunStarted& event) {
  started_at = wall();
  rows_expected = event.source.rows;
  if (call_log) call_log->begin({event.at, started_at}, job.limits.rate);
  processor->on(event);
  api_client->on(event);
  progress.on(event);
  meter.on(event);
  metrics.on(event);
  story->begin(event, started_at, options.version, options.price_per_call);
  std::vector<std::string> columns;
  for (const AnswerColumn& column :
       event.columns.first(std::min(event.columns.size(), SecondMeter::kColumnsMost))) {
    columns.push_back(plain(redactor.masked(std::string(column.name))));
  }
  anomalies.emplace(std::move(columns));
  if (options.board == nullptr) return;
  options.board->update([&](LiveView& view) {
    view.name = plain(redactor.masked(job.name));
    for (const RateLimit& limit : job.limits.rate) view.limits.push_back(limit_words(limit));
    view.began = started_at;
    view.rows_exact = event.source.rows_exact;
    view.price_per_call = options.price_per_call;
  });
}

void Telemetry::Parts::take(const RowsFailed& event) {
  processor->on(event);
  metrics.on(event);
  causes.on(event);
}

void Telemetry::Parts::take(const RowUnreadable& event) {
  processor->on(event);
  causes.on(event);
}

void Telemetry::Parts::take(const HoldChanged& event) {
  processor->on(event);
  metrics.on(event);
  story->hold(event, wall());
  if (options.board == nullptr) return;
  options.board->update(
      [&](LiveView& view) { view.hold_why = event.held ? plain(redactor.masked(event.why)) : ""; });
}

void Telemetry::Parts::take(const PaceChanged& event) {
  processor->on(event);
  if (anomalies) anomalies->pace_changed();
}

void Telemetry::Parts::take(const BatchRead& event) {
  processor->on(event);
  metrics.on(event);
  meter.on(event);
}

void Telemetry::Parts::take(const PartPublished& event) {
  processor->on(event);
  metrics.on(event);
  meter.on(event);
}

void Telemetry::Parts::take(const Warning& event) {
  processor->on(event);
  story->warn(event.text, wall());
}

// The hot one: no allocation, no clock, no text unless something is worth a line.
void Telemetry::Parts::take(const AttemptEnded& event) {
  if (call_log) call_log->add(event);
  meter.on(event);
  metrics.on(event);
  api_client->on(event);
}

void Telemetry::Parts::take(const Tick& event) {
  if (event.rows_expected >= 0) rows_expected = event.rows_expected;
  if (call_log) call_log->flush();
  processor->on(event);
  api_client->on(event);
  progress.on(event);
  if (auto made = meter.on(event, [this] { return wall(); })) take_second(*made);
  if (event.at - logs_flushed_at >= kLogFlushEvery) {
    logs_flushed_at = event.at;
    logs->flush();
  }
}

void Telemetry::Parts::take_second(const SecondMeter::Made& made) {
  constexpr int kStoryEvery = 10;
  constexpr int kCloudwatchEvery = 10;
  latencies.merge(meter.latencies());
  meter.clear_latencies();
  seconds_file->add(to_json_line(made.record));
  metrics.on(made.record);
  health.on(made.record);
  if (made.second && anomalies) {
    for (const policy::Anomaly& anomaly : anomalies->observe(*made.second)) raise(anomaly);
  }
  if (++seconds_since_story >= kStoryEvery) {
    seconds_since_story = 0;
    story->causes(made.record.at);
  }
  if (options.cloudwatch && ++seconds_since_cloudwatch >= kCloudwatchEvery) {
    seconds_since_cloudwatch = 0;
    options.cloudwatch(metrics.cloudwatch_line());
  }
  show(made.record);
}

void Telemetry::Parts::raise(const policy::Anomaly& anomaly) {
  WallTime at = wall();
  metrics.on(anomaly);
  story->alarm(anomaly, at);
  std::string text = alarm_words(anomaly);
  LogLevel level = anomaly.over ? LogLevel::kInfo : LogLevel::kWarning;
  logs->write(LogFile::kProcessor, level, anomaly.over ? "alarm over" : "alarm", {{"what", text}});
  if (options.tell) options.tell({anomaly.over ? "alarm_over" : "alarm", text});
  if (options.board == nullptr) return;
  options.board->update([&](LiveView& view) {
    view.alarms.push_back({at, anomaly.over, text});
    if (view.alarms.size() > Board::kAlarms) view.alarms.pop_front();
  });
}

void Telemetry::Parts::show(const SecondRecord& record) {
  if (options.board == nullptr) return;
  options.board->update([&](LiveView& view) {
    view.seconds.push_back(record);
    if (view.seconds.size() > Board::kSeconds) view.seconds.pop_front();
    view.statuses = metrics.statuses();
    view.causes = causes.all();
    if (anomalies) view.open = anomalies->open();
    view.api = health.api();
    view.metrics_text = metrics.prometheus_text();
  });
}

void Telemetry::Parts::take_little(const RunStarted& event) {
  started_at = wall();
  rows_expected = event.source.rows;
  progress.on(event);
}

void Telemetry::Parts::take_little(const Tick& event) {
  if (event.rows_expected >= 0) rows_expected = event.rows_expected;
  progress.on(event);
}

void Telemetry::Parts::take(const RunEnded& event) {
  if (std::exchange(ended, true)) return;
  if (auto made = meter.finish([this] { return wall(); })) take_second(*made);
  story->end(event.report, wall());
  if (options.tell)
    options.tell({"end", plain(redactor.masked(job.name)) + " is " + name_of(event.report.end)});
  if (options.board != nullptr)
    options.board->update([&](LiveView& view) { view.ended = name_of(event.report.end); });
  if (call_log) {
    call_log->end();
    if (call_log->lost() > 0) notes.push_back(grouped(call_log->lost()) + " calls are missing in calls.log");
  }
  processor->on(event);
  api_client->on(event);
  progress.on(event);
  logs->flush();
}

Summary Telemetry::Parts::summary_of(const Report& report) {
  Summary out;
  out.name = job.name;
  out.version = options.version;
  out.run_dir = options.dir.string();
  out.sink = job.sink.path;
  out.limits = job.limits.rate;
  out.report = report;
  out.rows_expected = rows_expected;
  out.started_at = started_at;
  out.ended_at = wall();
  out.cpu = cpu_used() - cpu_before;
  out.rss_max_bytes = rss_max_bytes();
  set_latencies(out, latencies);
  out.notes = notes;
  NextSteps steps{options.retry_command, options.go_on};
  if (steps.retry.empty()) steps.retry = "rowcall retry " + shell_word(out.run_dir);
  if (steps.go_on.empty()) steps.go_on = "run the same command again";
  out.next_step = next_step_after(report, steps);
  mask(out, redactor);
  return out;
}

Telemetry::Telemetry(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Telemetry::~Telemetry() = default;

Result<std::unique_ptr<Telemetry>> Telemetry::open(const Job& job, TelemetryOptions options) {
  auto parts = std::make_unique<Parts>(job, std::move(options));
  TRY_VOID(parts->open());
  return std::unique_ptr<Telemetry>(new Telemetry(std::move(parts)));
}

Listener Telemetry::listener() {
  return [parts = parts_.get()](const Event& event) { parts->on(event); };
}

void Telemetry::add(Listener listener) {
  parts_->more.push_back(std::move(listener));
}

Result<std::string> Telemetry::finish(const Report& report) {
  if (!parts_->job.run.telemetry) {
    parts_->take_little(RunEnded{report});
  } else {
    parts_->take(RunEnded{report});
  }
  Summary summary = parts_->summary_of(report);
  auto written = write_file(parts_->options.dir / "summary.json", summary_json(summary));
  // What ended the run comes first: a disk that is full fails here, too.
  if (!written) return failure(report.end == RunEnd::kFailed ? report.error : std::move(written).error());
  return closing_text(summary);
}

Logs& Telemetry::logs() {
  return *parts_->logs;
}

}  // namespace rowcall::telemetry
