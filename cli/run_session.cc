// SPDX-License-Identifier: Apache-2.0
#include "cli/run_session.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <system_error>
#include <utility>

#include "rowcall/version.h"

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "cli/begin_run.h"
#include "cli/merge_retry.h"
#include "cli/stop_signals.h"
#include "engine/picked_rows.h"
#include "files/files.h"
#include "files/found_parts.h"
#include "files/part_notes.h"
#include "mapping/secrets.h"
#include "settings/job_text.h"
#include "settings/load.h"
#include "table/row_reader.h"
#include "telemetry/board.h"
#include "telemetry/earlier_sends.h"
#include "telemetry/logs.h"
#include "telemetry/report_page.h"
#include "telemetry/unexpected.h"

namespace rowcall::cli {
namespace fs = std::filesystem;

namespace {

std::string extension_of(FileFormat format) {
  return format == FileFormat::kAuto ? ".parquet" : files::ending_of({format, Compression::kNone});
}

// The failure table has the sink's format.
SinkSpec failures_spec(FileFormat format, const fs::path& folder) {
  SinkSpec spec;
  spec.path = folder.string() + "/";
  spec.format = format;
  spec.overwrite = true;  // the folder is the run's own
  return spec;
}

struct Tables {
  std::unique_ptr<files::PartNotes>
      notes;  // of the sink, if it is to be gone on with without the run directory
  std::unique_ptr<TableSource> source;
  std::unique_ptr<TableSink> sink;
  std::unique_ptr<TableSink> failures;
};

Result<void> check_watchers(const Job& job, const WatchOptions& watch) {
  if (watch.cloudwatch && job.sink.path == "-") {
    return failure({ErrorCode::kSetting, "--cloudwatch", "the table goes to standard output too",
                    "one of them there", "Write the table to a file with --to."});
  }
  bool any = watch.cloudwatch || !watch.dashboard.empty() || !watch.metrics.empty() || !watch.webhook.empty();
  if (any && !job.run.telemetry) {
    return failure({ErrorCode::kSetting, "run.telemetry", "false, and a flag that wants to show it",
                    "true, or no --dashboard, --metrics, --webhook and --cloudwatch", ""});
  }
  return {};
}

// Of a run and of its retries: they share the job's limits.
std::vector<fs::path> call_logs(const fs::path& run_folder) {
  std::vector<fs::path> logs{run_folder / "calls.log"};
  std::error_code ignored;
  for (const auto& retry : fs::directory_iterator(run_folder / "retries", ignored))
    logs.push_back(retry.path() / "calls.log");
  return logs;
}

// Of earlier sessions, logged or not, and of a run directory that was lost: what the limits still count.
// `job` must outlive the host.
Result<void> remember_sends(const fs::path& run_folder, const Job& job, Host& host) {
  telemetry::Moment now{std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
  TRY(std::optional<telemetry::LostRun> lost, telemetry::read_lost_run(run_folder / "lost_run.txt", now));
  if (lost) host.unknown_sends_until = lost->ended.at;
  fs::path unlogged = run_folder / "unlogged_sends.txt";
  host.earlier_sends = [=, &job](const std::function<void(Instant, std::int64_t)>& each) -> Result<void> {
    for (const fs::path& log : call_logs(run_folder))
      TRY_VOID(telemetry::tell_earlier_sends(log, job.limits.rate, now, each));
    TRY_VOID(telemetry::tell_unlogged_sends(unlogged, job.limits.rate, now, each));
    if (lost) telemetry::tell_lost_sends(*lost, job.limits.rate, now, job.limits.weight, each);
    return {};
  };
  host.keep_unlogged_sends = [=](std::int64_t calls, std::int64_t weight) {
    return telemetry::add_unlogged_sends(unlogged, {now, calls, weight});
  };
  return {};
}

// The run itself: engine, telemetry, signals. A retry has a folder of its own in that of its run.
Result<Report> carry_out(const Job& job, const fs::path& run_folder, const ledger::RunFolder& folder,
                         const Begun& begun, TableSource* source, const Tables& tables,
                         const SessionOptions& options) {
  TRY(std::vector<std::string> secrets, mapping::secrets_of(job));
  telemetry::TelemetryOptions told;
  told.dir = folder.path();
  told.version = kVersion;
  told.console.quiet = options.quiet;
  told.secrets = std::move(secrets);
  telemetry::Board board;
  TRY(Watchers watchers, open_watchers(options.watch, job.name, &board));
  told.secrets.insert(told.secrets.end(), watchers.secrets.begin(), watchers.secrets.end());
  told.price_per_call = options.watch.price_per_call;
  if (options.watch.cloudwatch) {
    told.cloudwatch = [](const std::string& line) {
      std::fputs(line.c_str(), stdout);
      std::fflush(stdout);
    };
  }
  if (watchers.server) told.board = &board;
  if (watchers.webhook) {
    told.tell = [hook = watchers.webhook.get()](const telemetry::News& news) { hook->post(news); };
  }
  TRY(auto telemetry, telemetry::Telemetry::open(job, std::move(told)));
  telemetry::install_terminate_handler();
  telemetry::TerminateWatch watch(&telemetry->logs());
  StopFlag stop;
  StopSignals signals(&stop);

  Host host;
  host.source = source;
  host.sink = tables.sink.get();
  host.failures = tables.failures.get();
  host.listener = telemetry->listener();
  host.stop = &stop;
  host.run_id = begun.state.identity.run_id;
  host.resume = begun.state.commit;
  TRY_VOID(remember_sends(run_folder, job, host));
  host.commit = [&](const Commit& commit) -> Result<void> {
    if (tables.notes) TRY_VOID(tables.notes->put(commit, std::chrono::system_clock::now()));
    return begun.ledger->commit(commit);
  };
  host.journal = begun.ledger->journal(begun.state);
  if (!options.keep_answers) host.journal.keep = nullptr;
  TRY(Report report, run(job, host));
  if (report.end == RunEnd::kComplete) TRY_VOID(begun.ledger->complete());
  TRY(std::string closing, telemetry->finish(report));
  if (!job.run.telemetry) {
    // There is nothing to make a report of.
  } else if (auto page = telemetry::write_report(folder.path())) {
    closing += "  report        " + page->string() + "\n";
  } else {
    telemetry->logs().write(telemetry::LogFile::kProcessor, telemetry::LogLevel::kWarning, "no report",
                            {{"why", page.error().text()}});
  }
  std::fputs(closing.c_str(), stderr);
  return report;
}

}  // namespace

fs::path run_directory(const Job& job) {
  return job.run.dir.empty() ? fs::path("runs") / job.name : fs::path(job.run.dir);
}

Exit exit_for(const Report& report) {
  if (report.end == RunEnd::kFailed) return Exit::kError;
  if (report.end == RunEnd::kStopped)
    return StopSignals::received() != 0 ? Exit::kInterrupted : Exit::kStopped;
  bool all_answered = report.counts[Ending::kFailed] == 0 && report.counts[Ending::kUnreadable] == 0;
  return all_answered ? Exit::kDone : Exit::kRowsFailed;
}

Result<Exit> run_job(Job job, const SessionOptions& options) {
  TRY_VOID(check_watchers(job, options.watch));
  TRY(ledger::RunFolder folder, ledger::RunFolder::open(run_directory(job)));
  if (job.sink.path.empty()) {
    job.sink.path = (folder.path() / ("output" + extension_of(job.sink.format))).string();
    job.sink.overwrite = true;  // the folder is the run's own
  }
  Tables tables;
  TRY(tables.source, files::open_source(job.source, job.s3));
  TRY(SourceInfo source, tables.source->info());
  TRY(Begun begun, begin_or_go_on(folder, job, source.files, options.begin));
  const Counts& done = begun.state.commit.counts;
  if (begun.state.complete) {
    std::fprintf(stderr, "%s is complete: %s rows, nothing left to do. --fresh starts anew.\n",
                 folder.path().c_str(), grouped(done.rows).c_str());
    return done[Ending::kFailed] + done[Ending::kUnreadable] == 0 ? Exit::kDone : Exit::kRowsFailed;
  }
  if (begun.state.commit.next.row > 0) TRY_VOID(tables.source->seek(begun.state.commit.next));
  tables.notes =
      std::make_unique<files::PartNotes>(begun.state.identity, sink_staging(folder), begun.state.commit);
  TRY(tables.sink, files::open_sink(job.sink, job.s3, sink_staging(folder), tables.notes.get()));
  TRY(files::FileKind kind, files::sink_kind(job.sink));
  TRY(tables.failures,
      files::open_sink(failures_spec(kind.format, folder.failures()), job.s3, folder.staging() / "failures"));
  TRY(Report report, carry_out(job, folder.path(), folder, begun, tables.source.get(), tables, options));
  return exit_for(report);
}

namespace {

// Failed rows by number, with their class.
using FailedRows = std::map<std::int64_t, std::string>;

// Adds what a failure table holds, but for the unreadable records, which cannot be called.
Result<void> add_failed(const fs::path& failures, FileFormat format, const S3Spec& s3, FailedRows& failed) {
  std::error_code ignored;
  if (!fs::exists(failures, ignored)) return {};
  SourceSpec spec;
  spec.paths = {failures.string()};
  spec.format = format;
  TRY(auto table, files::open_source(spec, s3));
  TRY(OwnedSchema schema, table->schema());
  TRY(table::RowReader reader, table::RowReader::make(*schema.get()));
  // The run's own columns come last, whatever the input's are called.
  int number = std::max(reader.find("rowcall_row_id"), reader.find("row_id"));
  int error_class = std::max(reader.find("rowcall_error_class"), reader.find("error_class"));
  for (;;) {
    TRY(std::optional<SourceBatch> batch, table->next());
    if (!batch) return {};
    TRY_VOID(reader.look_at(*batch->rows.get()));
    for (std::int64_t row = 0; row < reader.rows(); ++row) {
      std::string kind;
      reader.append_text(kind, error_class, row);
      std::string text;
      reader.append_text(text, number, row);
      if (kind != "unreadable") failed[parse_int(text).value_or(-1)] = kind;
    }
  }
}

// What a retry has taken up: RUN/retries/N/rows, a number a line.
Result<std::vector<std::int64_t>> rows_taken_up(const fs::path& again) {
  std::vector<std::int64_t> numbers;
  TRY(std::string text, read_file(again / "rows"));
  for (std::string_view line : split(text, '\n')) {
    if (auto number = parse_int(line)) numbers.push_back(*number);
  }
  return numbers;
}

// The retries of a run: what is failed still, and where the next one, or one that was interrupted, has its
// place.
struct Retries {
  FailedRows failed;
  fs::path next;
  bool interrupted = false;
};

Result<Retries> retries_of(const ledger::RunFolder& folder, const Job& job, FileFormat format,
                           const std::string& output) {
  Retries retries;
  TRY_VOID(add_failed(folder.failures(), format, job.s3, retries.failed));
  std::error_code ignored;
  for (int turn = 1;; ++turn) {
    retries.next = folder.path() / "retries" / std::to_string(turn);
    if (!fs::exists(retries.next / "rows", ignored)) return retries;
    if (fs::exists(retries.next / "merged", ignored)) continue;  // the run's failure table knows
    // A retry's table appears when it is whole.
    retries.interrupted = !fs::exists(retries.next / output, ignored);
    if (retries.interrupted) return retries;
    TRY(std::vector<std::int64_t> numbers, rows_taken_up(retries.next));
    for (std::int64_t number : numbers) retries.failed.erase(number);
    TRY_VOID(add_failed(retries.next / "failures", format, job.s3, retries.failed));
  }
}

// Merges every retry that is finished and not yet merged: also one that was killed on the way.
Result<void> merge_finished(const ledger::RunFolder& folder, const Job& job, const files::FileKind& kind,
                            const std::string& output, ledger::Ledger& ledger) {
  std::error_code ignored;
  for (int turn = 1; can_be_merged(job); ++turn) {
    fs::path place = folder.path() / "retries" / std::to_string(turn);
    if (!fs::exists(place / "rows", ignored)) break;
    if (fs::exists(place / "merged", ignored) || !fs::exists(place / output, ignored)) continue;
    TRY(ledger::RunFolder again, ledger::RunFolder::open(place));
    TRY(std::vector<std::int64_t> numbers, rows_taken_up(place));
    TRY_VOID(merge_retry({folder, again, job, kind, output, std::move(numbers)}, ledger));
    std::fprintf(stderr, "The answers of %s are in %s now, each in its place.\n", place.c_str(),
                 job.sink.path.c_str());
  }
  return {};
}

// Begins with a retry of the failed rows of a class (all, if it is empty), or goes on with one.
Result<Begun> begin_retry(const ledger::RunFolder& again, const Retries& retries, const std::string& only,
                          const ledger::Identity& identity, std::vector<std::int64_t>& numbers) {
  Begun begun;
  if (retries.interrupted) {
    TRY(begun.ledger, again.ledger());
    if (begun.ledger) {
      TRY(begun.state, begun.ledger->state());
      TRY(numbers, rows_taken_up(again.path()));
      std::fprintf(stderr, "Going on with the retry in %s: %s rows.\n", again.path().c_str(),
                   grouped(static_cast<std::int64_t>(numbers.size())).c_str());
      return begun;
    }
  }
  std::string text;
  for (const auto& [number, kind] : retries.failed) {
    if (!only.empty() && kind != only) continue;
    numbers.push_back(number);
    text += std::to_string(number) + "\n";
  }
  if (numbers.empty()) return begun;
  begun.state.identity = identity;
  TRY_VOID(write_file(again.job_file(), identity.job));
  TRY(begun.ledger, again.begin(begun.state));
  TRY_VOID(write_file(again.path() / "rows", text));
  return begun;
}

}  // namespace

Result<Exit> retry_failed(const fs::path& directory, const SessionOptions& options) {
  TRY(ledger::RunFolder folder, ledger::RunFolder::open_existing(directory));
  TRY(auto first_ledger, folder.ledger());
  ledger::RunState first;
  if (first_ledger) {
    TRY(first, first_ledger->state());
  }
  if (!first.complete) {
    return failure({ErrorCode::kSetting, directory.string(), "the run is not finished", "a finished run",
                    "Run the job again first: it goes on where it stopped."});
  }
  settings::Layers layers;
  layers.job_file = folder.job_file();
  layers.environment_sets = false;
  TRY(settings::Loaded loaded, settings::load(layers));
  settings::export_to_process(loaded.exports);
  Job job = std::move(loaded.job);
  TRY(files::FileKind kind, files::sink_kind(job.sink));
  std::string output = "output" + extension_of(kind.format);
  TRY_VOID(merge_finished(folder, job, kind, output, *first_ledger));
  TRY(Retries retries, retries_of(folder, job, kind.format, output));
  bool any = std::ranges::any_of(
      retries.failed, [&](const auto& row) { return options.only.empty() || row.second == options.only; });
  if (!any && !retries.interrupted) {
    std::fprintf(stderr, "%s has no failed rows%s that could be called again.\n", directory.c_str(),
                 options.only.empty() ? "" : (" of class " + options.only).c_str());
    return Exit::kDone;
  }
  Tables tables;
  TRY(tables.source, files::open_source(job.source, job.s3));
  TRY(SourceInfo source, tables.source->info());
  if (std::string change = ledger::source_change(first.identity.source, source.files); !change.empty()) {
    return failure({ErrorCode::kChanged, "the source", change, "the source of the run",
                    "Run the job anew with --fresh."});
  }
  TRY(ledger::RunFolder again, ledger::RunFolder::open(retries.next));
  Job of_run = job;
  job.sink.path = (again.path() / output).string();
  job.sink.format = kind.format;
  if (kind.format != FileFormat::kParquet) job.sink.compression = Compression::kNone;
  // The same run, so the same keys as the first time.
  ledger::Identity identity{first.identity.run_id, settings::to_toml(job), first.identity.source};
  std::vector<std::int64_t> numbers;
  TRY(Begun begun, begin_retry(again, retries, options.only, identity, numbers));
  engine::PickedRows picked(tables.source.get(), std::move(numbers));
  if (begun.state.commit.next.row > 0) TRY_VOID(picked.seek(begun.state.commit.next));
  TRY(tables.sink, files::open_sink(job.sink, job.s3, again.staging() / "sink"));
  TRY(tables.failures,
      files::open_sink(failures_spec(kind.format, again.failures()), job.s3, again.staging() / "failures"));
  TRY(Report report, carry_out(job, directory, again, begun, &picked, tables, options));
  if (report.end == RunEnd::kComplete) {
    {
      ledger::RunFolder closed = std::move(again);
    }
    begun.ledger.reset();
    TRY_VOID(merge_finished(folder, of_run, kind, output, *first_ledger));
  }
  return exit_for(report);
}

}  // namespace rowcall::cli
