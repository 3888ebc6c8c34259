// SPDX-License-Identifier: Apache-2.0
// `rowcall submit`: a job on files, carried out here or handed to Spark, by its size and by what is there.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/engine_choice.h"
#include "cli/job_flags.h"
#include "cli/run_session.h"
#include "files/files.h"
#include "settings/job_text.h"
#include "settings/setting.h"

namespace rowcall::cli {
namespace fs = std::filesystem;

namespace {

struct SubmitFlags {
  JobFlags job;
  SessionOptions session;
  std::string engine = "auto";
  std::string local_max;
  std::string checkpoint;
  bool explain = false;
  bool session_here = false;
  std::vector<std::string> spark_arguments;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// spark-submit of $SPARK_HOME, else of PATH; empty: there is none.
std::string find_spark_submit() {
  std::vector<fs::path> folders;
  if (std::string home = environment("SPARK_HOME"); !home.empty()) folders.push_back(fs::path(home) / "bin");
  std::string path = environment("PATH");
  for (std::size_t from = 0; from <= path.size();) {
    std::size_t to = std::min(path.find(':', from), path.size());
    if (to > from) folders.emplace_back(path.substr(from, to - from));
    from = to + 1;
  }
  for (const fs::path& folder : folders) {
    std::string program = (folder / "spark-submit").string();
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return "";
}

// The script that Spark runs: of the wheel whose command this is, or of the build folder.
Result<std::string> find_script() {
  std::error_code failed;
  fs::path here = fs::read_symlink("/proc/self/exe", failed).parent_path();
  for (const fs::path& folder : {here / "..", here / "python" / "rowcall"}) {
    fs::path script = folder / "spark_job.py";
    if (fs::exists(script, failed)) return fs::weakly_canonical(script, failed).string();
  }
  return failure({ErrorCode::kNotFound, "--engine spark",
                  "no spark_job.py of the Python package near " + here.string(), "the command of the wheel",
                  "pip install the wheel, and use its rowcall."});
}

bool is_stream(const Job& job) {
  for (const std::string& path : job.source.paths) {
    if (path == "-") return true;
  }
  return job.sink.path == "-";
}

// The word of source.types for a column that a text file can have; empty: Spark has no such column.
std::string type_word(const ArrowSchema& column) {
  std::string format = column.format;
  if (column.metadata != nullptr) return "";  // JSON text
  if (format == "u") return "string";
  if (format == "b") return "bool";
  if (format == "i") return "int32";
  if (format == "l") return "int64";
  if (format == "f") return "float";
  if (format == "g") return "double";
  if (format == "tdD") return "date";
  if (format.starts_with("tsu:")) return "timestamp";
  if (format.starts_with("d:")) return "decimal(" + format.substr(2) + ")";
  return "";
}

// Spark finds other types in a text file than we do ("00501" becomes 501 there), so it is told ours.
Result<void> settle_types(Job& job, TableSource& source) {
  TRY(OwnedSchema schema, source.schema());
  if (std::string_view(schema->format) != "+s") return {};
  NamedTexts types;
  for (std::int64_t i = 0; i < schema->n_children; ++i) {
    const ArrowSchema& column = *schema->children[i];
    std::string word = type_word(column);
    if (word.empty()) {
      return failure({ErrorCode::kSetting, "source.types." + std::string(column.name),
                      "a column that Spark has no type for",
                      "a plain type such as int64, double, string or timestamp",
                      "Give it one of these, make the table Parquet, or take --engine local."});
    }
    types.emplace_back(column.name, word);
  }
  job.source.types = std::move(types);
  return {};
}

bool is_parquet(const SourceInfo& info, const Job& job) {
  if (job.source.format != FileFormat::kAuto) return job.source.format == FileFormat::kParquet;
  return !info.files.empty() && lower(info.files.front().name).ends_with(".parquet");
}

Result<EngineFacts> facts_of(const SubmitFlags& flags, const Job& job, const SourceInfo* info) {
  EngineFacts facts;
  if (flags.engine == "local") facts.wanted = WantedEngine::kLocal;
  if (flags.engine == "spark") facts.wanted = WantedEngine::kSpark;
  if (!flags.local_max.empty()) {
    auto size = parse_bytes(flags.local_max);
    if (!size) {
      return failure(
          {ErrorCode::kSetting, "--local-max", "\"" + flags.local_max + "\"", "a size such as \"10GB\"", ""});
    }
    facts.local_bytes_max = *size;
  }
  facts.standard_streams = is_stream(job);
  facts.spark = flags.session_here ? "a Spark session" : find_spark_submit();
  if (info != nullptr) {
    facts.bytes = 0;
    for (const SourceFile& file : info->files) {
      if (file.bytes < 0 || facts.bytes < 0) facts.bytes = -1;
      if (facts.bytes >= 0) facts.bytes += file.bytes;
    }
  }
  return facts;
}

// The names of settings would win over the job file, which has their values already.
void forget_settings() {
  for (const settings::Setting& setting : settings::all()) {
    for (const std::string& name : setting.environment) unsetenv(name.c_str());
  }
}

Result<Exit> hand_to_spark(const Job& job, const SubmitFlags& flags) {
  TRY(std::string script, find_script());
  fs::path folder = run_directory(job);
  fs::path file = folder / "submitted.toml";
  std::error_code failed;
  fs::create_directories(folder, failed);
  std::ofstream out(file);
  out << settings::to_toml(job);
  out.close();
  if (failed || !out) {
    return failure({ErrorCode::kStorage, file.string(), "it cannot be written", "a folder that can", ""});
  }
  std::vector<std::string> words = {find_spark_submit()};
  words.insert(words.end(), flags.spark_arguments.begin(), flags.spark_arguments.end());
  words.push_back(script);
  words.push_back(file.string());
  if (!flags.checkpoint.empty()) words.insert(words.end(), {"--checkpoint", flags.checkpoint});
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  forget_settings();
  std::fflush(nullptr);
  execv(arguments[0], arguments.data());
  return failure({ErrorCode::kNotFound, words[0], std::strerror(errno), "a program that runs", ""});
}

Result<Exit> submit(const SubmitFlags& flags) {
  TRY(Job job, load_job(flags.job, /*needs_source=*/true));
  std::unique_ptr<TableSource> source;
  SourceInfo info;
  bool stream = is_stream(job);
  if (!stream) {
    TRY(source, files::open_source(job.source, job.s3));
    TRY(info, source->info());
  }
  TRY(EngineFacts facts, facts_of(flags, job, stream ? nullptr : &info));
  TRY(EngineChoice choice, choose_engine(facts));
  const char* engine = choice.spark ? "spark" : "local";
  if (choice.spark && !is_parquet(info, job)) TRY_VOID(settle_types(job, *source));
  source.reset();
  if (flags.explain) {
    std::string text;
    {
      json::Object object(text);
      object.text("engine", engine);
      object.text("reason", choice.reason);
      object.number("bytes", facts.bytes);
      json::Object types(object.key("types"));
      for (const auto& [name, type] : job.source.types) types.text(name, type);
    }
    std::printf("%s\n", text.c_str());
    return Exit::kDone;
  }
  std::fprintf(stderr, "engine: %s, since %s\n", engine, choice.reason.c_str());
  if (choice.spark) return hand_to_spark(job, flags);
  return run_job(std::move(job), flags.session);
}

}  // namespace

void add_submit(CLI::App& app, Command& chosen, std::vector<std::string> spark_arguments) {
  CLI::App* command =
      app.add_subcommand("submit", "Carry out a job here or by Spark, by its size and by what is there");
  command->footer(
      "Tables of up to 10 GB are called by this process, larger ones by Spark when there is a spark-submit.\n"
      "Arguments for spark-submit follow --, as in\n"
      "  rowcall submit job.toml -- --master yarn --num-executors 4\n"
      "docs/spark.md tells what Spark does otherwise.");
  auto flags = std::make_shared<SubmitFlags>();
  flags->spark_arguments = std::move(spark_arguments);
  add_job_flags(*command, flags->job);
  command->add_option("--engine", flags->engine, "Who calls: auto, local or spark")
      ->check(CLI::IsMember({"auto", "local", "spark"}))
      ->capture_default_str();
  command
      ->add_option("--local-max", flags->local_max,
                   "auto: tables up to this size are called here (default 10 GB)")
      ->type_name("SIZE");
  command
      ->add_option("--checkpoint", flags->checkpoint,
                   "Spark: where answers are kept for repeated tasks (default: beside the sink)")
      ->type_name("PLACE");
  command->add_flag("--explain", flags->explain, "Say who would call and why, as JSON; carry out nothing");
  command->add_flag("--session-here", flags->session_here, "A Spark session is there; with --explain")
      ->group("");
  command->add_flag("-q,--quiet", flags->session.quiet, "No progress; only errors and the closing text");
  command->callback([&chosen, flags] {
    chosen = [flags] {
      auto exit = submit(*flags);
      return exit ? *exit : complain(exit.error());
    };
  });
}

}  // namespace rowcall::cli
