// SPDX-License-Identifier: Apache-2.0
// `rowcall generate` and `rowcall settings`.
#include <cstdio>
#include <memory>
#include <string>

#include "base/parse.h"
#include "cli/commands.h"
#include "files/files.h"
#include "settings/reference.h"

namespace rowcall::cli {
namespace {

std::optional<FileFormat> format_named(const std::string& name) {
  for (FileFormat format : {FileFormat::kAuto, FileFormat::kCsv, FileFormat::kNdjson, FileFormat::kParquet}) {
    if (name == name_of(format)) return format;
  }
  return std::nullopt;
}

}  // namespace

void add_generate(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("generate", "Write a table of made-up customers, for tests");
  struct Flags {
    files::GenerateSpec spec;
    std::string format = "auto";
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("--out", flags->spec.path, "Where to: a file, s3://..., or - for standard output")
      ->required()
      ->type_name("PATH");
  command->add_option("--records", flags->spec.records, "How many rows")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--format", flags->format, "csv, ndjson or parquet; by the file's name if not given")
      ->type_name("FORMAT");
  command->add_option("--error-rate", flags->spec.error_rate, "Share of records broken on purpose, 0 to 1")
      ->capture_default_str()
      ->type_name("SHARE");
  command->add_option("--batch-size", flags->spec.row_group_rows, "Parquet: rows in a row group")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--seed", flags->spec.seed, "The same seed gives the same table")
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--endpoint", flags->spec.s3.endpoint, "S3: another server than AWS")->type_name("URL");
  command->callback([&chosen, flags] {
    chosen = [flags] {
      auto format = format_named(flags->format);
      if (!format)
        return complain(
            {ErrorCode::kSetting, "--format", "\"" + flags->format + "\"", "csv, ndjson or parquet", ""});
      flags->spec.format = *format;
      auto made = files::generate(flags->spec);
      if (!made) return complain(made.error());
      std::fprintf(stderr, "%s records (%s broken on purpose), %s, in %s\n", grouped(made->records).c_str(),
                   grouped(made->broken).c_str(), bytes_words(made->bytes).c_str(), flags->spec.path.c_str());
      return Exit::kDone;
    };
  });
}

void add_settings(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("settings", "Print the reference of every setting, as Markdown");
  command->callback([&chosen] {
    chosen = [] {
      std::fputs(settings::reference_markdown().c_str(), stdout);
      return Exit::kDone;
    };
  });
}

}  // namespace rowcall::cli
