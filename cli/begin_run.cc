// SPDX-License-Identifier: Apache-2.0
#include "cli/begin_run.h"

#include <cstdio>
#include <string>
#include <utility>

#include "base/disk.h"
#include "base/parse.h"
#include "base/try.h"
#include "settings/job_change.h"
#include "settings/job_text.h"

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

Result<Differences> differences(const ledger::RunFolder& folder, const ledger::RunState& state,
                                const Job& job, const std::vector<SourceFile>& source) {
  Differences found;
  bool begun = state.commit.counts.rows > 0 || state.answers > 0;
  std::string files = ledger::source_change(state.identity.source, source);
  if (!files.empty()) add_line(begun && files_moved(state, source) ? found.fatal : found.acceptable, files);
  TRY(Job before, settings::job_of_toml(state.identity.job, folder.job_file().string()));
  for (const settings::Change& change : settings::changes(before, job)) {
    switch (change.weight) {
      case settings::Weight::kPace: add_line(found.harmless, change.text()); break;
      case settings::Weight::kContent: add_line(found.acceptable, change.text()); break;
      case settings::Weight::kShape: add_line(begun ? found.fatal : found.acceptable, change.text()); break;
    }
  }
  return found;
}

Result<void> check_differences(const ledger::RunFolder& folder, const Differences& found, bool accepted) {
  const std::string expected = "the same job on the same source";
  const std::string anew = "Start anew with --fresh, or name another run directory with --run-dir.";
  if (!found.fatal.empty()) {
    return failure({ErrorCode::kChanged, folder.path().string(),
                    "it holds a run that was begun differently:\n  " + found.fatal + "\n", expected,
                    "Its parts would not fit together. " + anew});
  }
  if (!found.acceptable.empty() && !accepted) {
    return failure({ErrorCode::kChanged, folder.path().string(),
                    "it holds a run that was begun differently:\n  " + found.acceptable + "\n", expected,
                    "Go on all the same with --accept-changes. " + anew});
  }
  return {};
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

Result<Begun> begin_anew(const ledger::RunFolder& folder, const Job& job,
                         const std::vector<SourceFile>& source) {
  TRY_VOID(folder.clear());
  Begun begun;
  begun.state.identity = {ledger::new_run_id(), settings::to_toml(job), source};
  TRY_VOID(write_file(folder.job_file(), begun.state.identity.job));
  TRY(begun.ledger, folder.begin(begun.state));
  return begun;
}

}  // namespace

Result<Begun> begin_or_go_on(const ledger::RunFolder& folder, const Job& job,
                             const std::vector<SourceFile>& source, const BeginOptions& options) {
  if (options.fresh) return begin_anew(folder, job, source);
  Begun begun;
  TRY(begun.ledger, folder.ledger());
  if (!begun.ledger) return begin_anew(folder, job, source);
  if (options.drop_damaged) {
    TRY(int dropped, begun.ledger->drop_damaged());
    std::fprintf(stderr, "%d damaged pieces of the ledger were dropped; their rows are called again.\n",
                 dropped);
  }
  TRY(begun.state, begun.ledger->state());
  TRY(Differences found, differences(folder, begun.state, job, source));
  TRY_VOID(check_differences(folder, found, options.accept_changes));
  if (begun.state.complete) return begun;
  if (!found.harmless.empty()) std::fprintf(stderr, "Changed since:\n  %s\n", found.harmless.c_str());
  if (!found.acceptable.empty()) std::fprintf(stderr, "Accepted:\n  %s\n", found.acceptable.c_str());
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
