// SPDX-License-Identifier: Apache-2.0
#include "cli/job_flags.h"

#include <CLI/Option.hpp>

#include "base/try.h"
#include "settings/setting.h"

namespace rowcall::cli {
namespace {

// The doc's first sentence, for --help; the whole is in docs/settings.md.
std::string brief(const settings::Setting& setting) {
  std::string text = setting.doc.substr(0, setting.doc.find(". "));
  while (text.ends_with('.')) text.pop_back();
  return text;
}

std::string placeholder(const settings::Setting& setting) {
  switch (setting.kind) {
    case settings::Kind::kTruth: return "";
    case settings::Kind::kWhole:
    case settings::Kind::kReal: return "N";
    case settings::Kind::kDuration: return "TIME";
    case settings::Kind::kBytes: return "SIZE";
    case settings::Kind::kRates: return "RATE";
    case settings::Kind::kColumns: return "NAME=/POINTER:TYPE";
    case settings::Kind::kTextTable: return "NAME=TEXT";
    default: return "TEXT";
  }
}

}  // namespace

void add_job_flags(CLI::App& command, JobFlags& flags) {
  command
      .add_option("what", flags.what,
                  "A job file (JOB.toml), or the table: files, globs, folders, s3:// URIs, -")
      ->type_name("JOB.toml | TABLE...");
  for (const settings::Setting& setting : settings::all()) {
    if (setting.flag.empty()) continue;
    std::string flag = setting.flag;
    if (setting.kind == settings::Kind::kTruth) {
      command.add_flag_callback(
          flag, [&flags, flag] { flags.flags.push_back({flag, "true"}); }, brief(setting));
      continue;
    }
    CLI::callback_t add = [&flags, flag](const CLI::results_t& values) {
      for (const std::string& value : values) flags.flags.push_back({flag, value});
      return true;
    };
    command.add_option(flag, add, brief(setting))
        ->type_name(placeholder(setting))
        ->take_all()
        ->allow_extra_args(false);
  }
  command.add_option("--set", flags.sets, "Any setting of the job file, as in --set retry.max_attempts=3")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--env-file", flags.env_file, "Read this instead of .env")->type_name("FILE");
  command.add_flag("--no-env-file", flags.no_env_file, "Read no .env");
}

Result<Job> load_job(const JobFlags& flags, bool needs_source) {
  settings::Layers layers;
  layers.environment = settings::process_environment();
  layers.flags = flags.flags;
  layers.sets = flags.sets;
  layers.use_env_file = !flags.no_env_file;
  layers.brought.source = !needs_source;
  if (!flags.env_file.empty()) layers.env_file = flags.env_file;
  bool is_job_file = flags.what.size() == 1 && flags.what[0].ends_with(".toml");
  if (is_job_file) {
    layers.job_file = flags.what[0];
  } else {
    for (const std::string& path : flags.what) layers.flags.push_back({"--from", path});
  }
  TRY(settings::Loaded loaded, settings::load(layers));
  settings::export_to_process(loaded.exports);
  return std::move(loaded.job);
}

}  // namespace rowcall::cli
