// SPDX-License-Identifier: Apache-2.0
// `rowcall run` and `rowcall retry`.
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_session.h"

namespace rowcall::cli {

void add_run(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("run", "Call the API for every row of a table");
  command->footer(
      "Examples:\n"
      "  rowcall run job.toml\n"
      "  rowcall run customers.csv --url https://api.example.com/score --rate 5000/s \\\n"
      "      --to out.parquet --response score=/score:double --response label=/label:string\n"
      "  cp .env.example .env; (edit it); rowcall run\n"
      "Every setting: docs/settings.md. The same command again goes on where a run stopped.");
  auto flags = std::make_shared<JobFlags>();
  auto options = std::make_shared<SessionOptions>();
  add_job_flags(*command, *flags);
  command->add_flag("-q,--quiet", options->quiet, "No progress; only errors and the closing text");
  add_watch_flags(*command, options->watch);
  command->add_flag("--fresh", options->begin.fresh,
                    "Forget what an earlier run in this run directory has done");
  command->add_flag("--accept-changes", options->begin.accept_changes,
                    "Go on with a run although the job or the source has changed since");
  command->add_flag("--drop-damaged", options->begin.drop_damaged,
                    "Go on without those answers in the ledger that are damaged");
  command->add_flag_callback(
      "--no-ledger", [options] { options->keep_answers = false; },
      "Keep no single answers: after a crash, the rows of the open part are called again");
  command->callback([&chosen, flags, options] {
    chosen = [flags, options] {
      auto job = load_job(*flags, /*needs_source=*/true);
      if (!job) return complain(job.error());
      auto exit = run_job(*std::move(job), *options);
      return exit ? *exit : complain(exit.error());
    };
  });
}

void add_retry(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("retry", "Call the failed rows of a finished run again");
  command->footer(
      "The rows are read from the source again, which must not have changed. Answers are put into the run's\n"
      "table, each in its place; where that went to standard output, into one of their own in "
      "RUN/retries/N.\n"
      "Rows that could not be read are left out. A retry that was interrupted is gone on with.");
  auto directory = std::make_shared<std::string>();
  auto options = std::make_shared<SessionOptions>();
  command->add_option("run", *directory, "The run directory, as in runs/customers")
      ->required()
      ->type_name("RUN");
  command->add_option("--only", options->only, "Only rows of this error class, as in transient or status_422")
      ->type_name("CLASS");
  command->add_flag("-q,--quiet", options->quiet, "No progress; only errors and the closing text");
  command->callback([&chosen, directory, options] {
    chosen = [directory, options] {
      auto exit = retry_failed(*directory, *options);
      return exit ? *exit : complain(exit.error());
    };
  });
}

}  // namespace rowcall::cli
