// SPDX-License-Identifier: Apache-2.0
#include "settings/reference.h"

#include "settings/setting.h"

namespace rowcall::settings {
namespace {

constexpr const char* kStart = R"(# Settings

<!-- Made from the table of settings in src/settings/. Do not edit: run the test rowcall_settings_test with
     ROWCALL_WRITE_DOCS=1 instead. -->

Everything that can be set for a job. The same names work in a job file, with `--set`, and from Python.

## Where settings come from

Later ones win:

1. the defaults below;
2. the job file, `rowcall run job.toml`;
3. `.env` in the current directory, or the file of `--env-file`;
4. the environment;
5. flags;
6. `--set KEY=VALUE`.

A list is replaced as a whole. A table, such as `request.headers`, keeps the entries which a later place does not name.

**Job file.** TOML. Relative paths start at the current directory, not at the file's own.

**`--set`.** The value is read as TOML if it is TOML, else as text, so `--set limits.rate=100/s` needs no quotes
inside quotes. An entry of a table is named behind a dot: `--set source.types.zip=string`.

**`.env` and environment.** The variables named below, alone, without a job file: copy `.env.example` to `.env`, edit
it, `rowcall run`. A value that is empty counts as not set. Lines are `NAME=VALUE`, with `#` comments, optional `export`
and single or double quotes; variables are not expanded. A name in `.env` that nearly is one of these is an error;
other names are left alone. Two kinds are handed on to the environment of the process, where they do not replace what is
there: names that begin with `AWS_`, for the credentials of the object store, and names that a secret refers to.

**Secrets.** A job never holds a secret, only the place of one: `"env:NAME"` for an environment variable or a name in
`.env`, `"file:PATH"` for a file. A secret in clear, be it in `[auth]`, in a header, or in a URL, is refused, and errors do
not repeat it.

**Units.** Durations are texts such as `"250ms"`, `"10s"`, `"5min"`, `"2h"`, `"1d"`; a bare number means seconds. Sizes
are `"64KB"`, `"8MB"`, `"1GB"`, powers of 1024; a bare number means bytes. Shares are `"10%"` or `0.1`.
)";

std::string code(std::string_view text) {
  // A text with a backquote in it needs two around it.
  bool plain = text.find('`') == std::string_view::npos;
  return plain ? "`" + std::string(text) + "`" : "`` " + std::string(text) + " ``";
}

std::string default_text(const Setting& setting) {
  Value value = default_of(setting);
  if (setting.key == "name") return "made from the name of the job file or the source";
  bool empty_text = value.text() != nullptr && value.text()->empty() && setting.kind != Kind::kTexts;
  bool empty_list = value.list() != nullptr && value.list()->empty();
  bool empty_table = value.table() != nullptr && value.table()->empty();
  if (empty_text || empty_list || empty_table) return "not set";
  return code(toml_text(value));
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : " and ") + code(name);
  return out;
}

void append_setting(std::string& out, const Setting& setting) {
  out += "\n### " + setting.key + "\n\n" + setting.doc + "\n\n";
  out += "- Takes " + setting.expects + ".\n";
  out += "- Default: " + default_text(setting) + "\n";
  if (!setting.flag.empty()) {
    bool many = setting.set_entry || setting.kind == Kind::kTexts || setting.kind == Kind::kRates ||
                setting.kind == Kind::kCaps;
    std::string value = setting.kind == Kind::kTruth ? "" : setting.set_entry ? " NAME=VALUE" : " VALUE";
    out += "- Flag: " + code(setting.flag + value) + (many ? ", can be repeated" : "") + "\n";
  }
  if (!setting.environment.empty()) out += "- Environment: " + joined(setting.environment) + "\n";
  out += "- Example: " + code(std::string(setting.name()) + " = " + setting.example) + "\n";
}

}  // namespace

std::string reference_markdown() {
  std::string out = kStart;
  for (const Section& section : sections()) {
    out += section.name.empty() ? "\n## Top level\n\n" : "\n## [" + section.name + "]\n\n";
    out += section.doc + "\n";
    for (const Setting& setting : all()) {
      if (setting.section() == section.name) append_setting(out, setting);
    }
  }
  return out;
}

}  // namespace rowcall::settings
