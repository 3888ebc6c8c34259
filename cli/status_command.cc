// SPDX-License-Identifier: Apache-2.0
// `rowcall status`: how far a run has come, from its ledger; also while it goes on, and after a crash.
#include <cstdio>
#include <memory>
#include <string>

#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "cli/commands.h"
#include "ledger/ledger.h"
#include "ledger/run_folder.h"

namespace rowcall::cli {
namespace {

namespace fs = std::filesystem;

constexpr Ending kWritten[] = {Ending::kOk, Ending::kNoMatch, Ending::kFailed, Ending::kUnreadable};

struct Status {
  fs::path folder;
  bool running = false;
  ledger::RunState run;

  const char* state() const {
    if (run.complete) return "complete";
    return running ? "running" : "not finished";
  }
  std::int64_t bytes() const {
    std::int64_t sum = 0;
    for (const PartInfo& part : run.parts) sum += part.bytes;
    return sum;
  }
  bool adds_up() const { return run.commit.counts.ended() == run.commit.counts.rows; }
  std::string next_step() const {
    if (!adds_up()) return "The sums do not add up. This is a bug of rowcall; please report it.";
    if (running) return "";
    if (!run.complete) return "Run the same job again: it goes on where it stopped.";
    if (run.commit.counts[Ending::kFailed] > 0) {
      return "The failed rows are in " + (folder / "failures").string() +
             ". Call them again with: rowcall retry " + folder.string();
    }
    return "";
  }
};

Result<Status> status_of(const fs::path& folder) {
  Status status;
  status.folder = folder;
  status.running = ledger::RunFolder::is_running(folder);
  TRY(auto ledger, ledger::Ledger::open_to_read(folder / "ledger.db"));
  if (!ledger) {
    return failure({ErrorCode::kNotFound, folder.string(), "no run there (there is no ledger.db)",
                    "a run directory",
                    "Run directories are made by `rowcall run`; by default they are in runs/."});
  }
  TRY(status.run, ledger->state());
  return status;
}

std::string text_of(const Status& status) {
  const ledger::RunState& run = status.run;
  const Counts& counts = run.commit.counts;
  std::string text = status.folder.string() + ": " + status.state() + "\n";
  text += "  rows    " + grouped(counts.rows) + " done:";
  for (Ending ending : kWritten)
    text +=
        " " + grouped(counts[ending]) + " " + name_of(ending) + (ending == Ending::kUnreadable ? "" : ",");
  text += status.adds_up() ? "; the sums add up\n" : "; the sums DO NOT ADD UP\n";
  text += "  parts   " + grouped(run.commit.parts) + ", " + bytes_words(status.bytes());
  if (!run.parts.empty()) text += ", the last one " + run.parts.back().path;
  text += "\n";
  if (!run.complete) {
    text += "  ledger  " + grouped(run.answers) + " answers are kept for the next part";
    bool one = run.mark.under_way == 1;
    text += "; " + grouped(run.mark.under_way) + (one ? " call" : " calls");
    text += status.running ? " under way\n"
            : one          ? " was in flight and will be repeated\n"
                           : " were in flight and will be repeated\n";
  }
  if (std::string next = status.next_step(); !next.empty()) text += "  next    " + next + "\n";
  return text;
}

std::string json_of(const Status& status) {
  const ledger::RunState& run = status.run;
  std::string text;
  {
    json::Object object(text);
    object.text("run", status.folder.string());
    object.text("state", status.state());
    object.truth("running", status.running);
    object.number("rows", run.commit.counts.rows);
    for (Ending ending : kWritten) object.number(name_of(ending), run.commit.counts[ending]);
    object.truth("sums_add_up", status.adds_up());
    object.number("answers_kept", run.answers);
    object.number("calls_under_way", run.mark.under_way);
    {
      json::Array parts(object.key("parts"));
      for (const PartInfo& part : run.parts) {
        json::Object entry(parts.item());
        entry.text("path", part.path);
        entry.number("rows", part.rows);
        entry.number("bytes", part.bytes);
      }
    }
    object.text("next_step", status.next_step());
  }
  return text + "\n";
}

}  // namespace

void add_status(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("status", "Say how far a run has come");
  command->footer(
      "Reads the run's ledger: while the run goes on, after its end, and after a crash. Changes nothing.");
  auto directory = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  command->add_option("run", *directory, "The run directory, as in runs/customers")
      ->required()
      ->type_name("RUN");
  command->add_flag("--json", *as_json, "One JSON object instead of text");
  command->callback([&chosen, directory, as_json] {
    chosen = [directory, as_json] {
      auto status = status_of(*directory);
      if (!status) return complain(status.error());
      std::fputs((*as_json ? json_of(*status) : text_of(*status)).c_str(), stdout);
      return status->adds_up() ? Exit::kDone : Exit::kError;
    };
  });
}

}  // namespace rowcall::cli
