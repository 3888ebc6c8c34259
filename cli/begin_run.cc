// SPDX-License-Identifier: Apache-2.0
#include "cli/begin_run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "files/found_parts.h"
#include "policy/limiter.h"
#include "settings/job_change.h"
#include "settings/job_text.h"
#include "telemetry/earlier_sends.h"

namespace rowcall::cli {
namespace {

// What keeps a run from going on as it is; what can be accepted, and what cannot.
struct Differences {
  std::string acceptable;
  std::string fatal;
  std::string harmless;
};

void add_line(std::string& text, const std::string& line) {
  if (!text.empty()) text += "\n  ";
  text += line;
}

// Reading goes on at a file of which only the number is known: the files up to there must be the same ones.
bool files_moved(const ledger::RunState& state, const std::vector<SourceFile>& now) {
  const std::vector<SourceFile>& before = state.identity.source;
  auto needed = static_cast<std::size_t>(state.commit.next.file) + 1;
  for (std::size_t i = 0; i < needed && i < before.size(); ++i) {
    if (i >= now.size() || before[i].name != now[i].name) return true;
  }
  return false;
}

Result<Differences> differences(const std::string& place, const ledger::RunState& state, const Job& job,
                                const std::vector<SourceFile>& source) {
  Differences found;
  bool begun = state.commit.counts.rows > 0 || state.answers > 0;
  std::string files = ledger::source_change(state.identity.source, source);
  if (!files.empty()) add_line(begun && files_moved(state, source) ? found.fatal : found.acceptable, files);
  TRY(Job before, settings::job_of_toml(state.identity.job, place));
  for (const settings::Change& change : settings::changes(before, job)) {
    switch (change.weight) {
      case settings::Weight::kPace: add_line(found.harmless, change.text()); break;
      case settings::Weight::kContent: add_line(found.acceptable, change.text()); break;
      case settings::Weight::kShape: add_line(begun ? found.fatal : found.acceptable, change.text()); break;
    }
  }
  return found;
}

Result<void> check_differences(const std::string& place, const Differences& found, bool accepted,
                               const std::string& anew) {
  const std::string expected = "the same job on the same source";
  if (!found.fatal.empty()) {
    return failure({ErrorCode::kChanged, place,
                    "it holds a run that was begun differently:\n  " + found.fatal + "\n", expected,
                    "Its parts would not fit together. " + anew});
  }
  if (!found.acceptable.empty() && !accepted) {
    return failure({ErrorCode::kChanged, place,
                    "it holds a run that was begun differently:\n  " + found.acceptable + "\n", expected,
                    "Go on all the same with --accept-changes. " + anew});
  }
  return {};
}

void say_changes(const Differences& found) {
  if (!found.harmless.empty()) std::fprintf(stderr, "Changed since:\n  %s\n", found.harmless.c_str());
  if (!found.acceptable.empty()) std::fprintf(stderr, "Accepted:\n  %s\n", found.acceptable.c_str());
}

void say_where(const ledger::RunFolder& folder, const ledger::RunState& state) {
  const Counts& counts = state.commit.counts;
  std::string text =
      "Going on with " + folder.path().string() + ": " + grouped(counts.rows) + " rows are done, " +
      grouped(state.commit.parts) + (state.commit.parts == 1 ? " part is" : " parts are") + " there; " +
      grouped(state.answers) + " answers are in the ledger; " + grouped(state.mark.under_way) +
      (state.mark.under_way == 1 ? " call was" : " calls were") + " in flight and will be repeated.\n";
  std::fputs(text.c_str(), stderr);
}

// `lost`: of another run directory, which was lost.
Result<Begun> begin_anew(const ledger::RunFolder& folder, const Job& job,
                         const std::vector<SourceFile>& source,
                         const std::optional<telemetry::LostRun>& lost = {}) {
  TRY_VOID(folder.clear());
  if (lost) TRY_VOID(telemetry::write_lost_run(folder.lost_run(), *lost));
  Begun begun;
  begun.state.identity = {ledger::new_run_id(), settings::to_toml(job), source};
  TRY_VOID(write_file(folder.job_file(), begun.state.identity.job));
  TRY(begun.ledger, folder.begin(begun.state));
  return begun;
}

// A whole table is replaced when the job says so; one that is not whole is gone on with.
bool is_to_be_gone_on_with(const files::FoundParts& found, const Job& job) {
  return !found.complete || !job.sink.overwrite;
}

// What the notes of the parts prove of the calls that were made.
telemetry::LostRun lost_run(const files::FoundParts& found, const Job& job) {
  telemetry::LostRun lost{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, {}};
  std::int64_t rows_per_call = job.request.rows_per_call;
  for (const engine::NotedTries& tries : found.recovery.tries())
    lost.noted.push_back({tries.at, (tries.rows + rows_per_call - 1) / rows_per_call});
  return lost;
}

// The limits of up to a minute are the engine's to tell of.
void say_counted(const telemetry::LostRun& lost, const Job& job) {
  if (!job.limits.coordinator.empty()) return;  // it knows
  bool any = std::ranges::any_of(job.limits.rate, [](const RateLimit& limit) {
    return limit.renewal || limit.period > policy::Limiter::kUsedUpMost;
  });
  if (!any) return;
  std::int64_t calls = 0;
  for (const telemetry::LostRun::Calls& noted : lost.noted) calls += noted.count;
  std::string text = "Of limits with a period of more than a minute, the " + grouped(calls) +
                     " calls that the parts prove count as sent, each when its part was noted. Not known are "
                     "retries of rows that were answered, and calls after the last part: take them off the "
                     "quota if they matter.\n";
  std::fputs(text.c_str(), stderr);
}

void say_found(const files::FoundParts& found) {
  std::size_t parts = found.sink.parts.size();
  std::string text = "Found in " + found.sink.path + ": " + std::to_string(parts) +
                     (parts == 1 ? " part" : " parts") + " of this job with " + grouped(found.sink.rows()) +
                     " rows; the run directory is new. ";
  if (found.state.complete) {
    text += "The table is complete.\n";
  } else {
    text +=
        "Going on behind them; answers that came after the last part are not known here, and their calls "
        "are repeated with the same keys.\n";
  }
  std::int64_t failed = found.recovery.failed();
  std::int64_t unreadable = found.recovery.unreadable();
  if (failed + unreadable > 0) {
    text += "The failure table is made anew, without calls: " + grouped(failed) + " failed and " +
            grouped(unreadable) + " unreadable rows.\n";
  }
  std::fputs(text.c_str(), stderr);
}

// The run directory is lost, the parts are there: a new one that knows what they say. The ledger is made
// last, so that all of this is done again if it is interrupted.
Result<Begun> take_over(const ledger::RunFolder& folder, files::FoundParts& found, const Job& job,
                        const std::vector<SourceFile>& source, const BeginOptions& options) {
  std::string notes = found.parts.place().shown;
  TRY(Differences differ, differences(notes, found.state, job, source));
  bool nothing_done = found.state.parts.empty() && found.recovery.failed() + found.recovery.unreadable() == 0;
  if (nothing_done && !(differ.acceptable + differ.fatal).empty())
    return begin_anew(folder, job, source, lost_run(found, job));
  if (!found.complete && job.request.idempotency == Idempotency::kNever) {
    add_line(differ.acceptable,
             "its run directory is lost, and request.idempotency = \"never\": nobody knows which calls were "
             "made after the last part; with --accept-changes they are repeated");
  }
  TRY_VOID(check_differences(notes, differ, options.accept_changes,
                             "Start anew with --fresh --overwrite, or write to another folder."));
  say_changes(differ);
  say_found(found);
  found.run.identity.job = settings::to_toml(job);
  found.run.identity.source = source;
  Begun begun;
  begun.state = found.state;
  begun.state.identity = found.run.identity;
  TRY_VOID(folder.clear());
  TRY_VOID(write_file(folder.job_file(), begun.state.identity.job));
  TRY_VOID(found.take_over(sink_staging(folder)));
  telemetry::LostRun lost = lost_run(found, job);  // from here on nobody else writes these parts
  if (!found.state.complete) say_counted(lost, job);
  TRY_VOID(telemetry::write_lost_run(folder.lost_run(), lost));
  TRY(begun.ledger, folder.begin(begun.state, [&found] { return found.recovery.next_segments(); }));
  TRY(begun.state, begun.ledger->state());
  return begun;
}

}  // namespace

std::filesystem::path sink_staging(const ledger::RunFolder& folder) {
  return folder.staging() / "sink";
}

Result<Begun> begin_or_go_on(const ledger::RunFolder& folder, const Job& job,
                             const std::vector<SourceFile>& source, const BeginOptions& options) {
  if (options.fresh) return begin_anew(folder, job, source);
  Begun begun;
  TRY(begun.ledger, folder.ledger());
  if (!begun.ledger) {
    TRY(std::optional<files::FoundParts> found, files::find_parts(job.sink, job.s3));
    if (found && is_to_be_gone_on_with(*found, job)) return take_over(folder, *found, job, source, options);
    return begin_anew(folder, job, source);
  }
  if (options.drop_damaged) {
    TRY(int dropped, begun.ledger->drop_damaged());
    std::fprintf(stderr, "%d damaged pieces of the ledger were dropped; their rows are called again.\n",
                 dropped);
  }
  TRY(begun.state, begun.ledger->state());
  TRY(Differences found, differences(folder.job_file().string(), begun.state, job, source));
  TRY_VOID(check_differences(folder.path().string(), found, options.accept_changes,
                             "Start anew with --fresh, or name another run directory with --run-dir."));
  if (begun.state.complete) return begun;
  say_changes(found);
  ledger::Identity now{begun.state.identity.run_id, settings::to_toml(job), source};
  if (now.job != begun.state.identity.job || now.source.size() != begun.state.identity.source.size() ||
      !found.acceptable.empty()) {
    TRY_VOID(begun.ledger->accept(now));
    TRY_VOID(write_file(folder.job_file(), now.job));
    begun.state.identity = std::move(now);
  }
  say_where(folder, begun.state);
  return begun;
}

}  // namespace rowcall::cli
