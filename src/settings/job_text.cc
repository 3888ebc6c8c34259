// SPDX-License-Identifier: Apache-2.0
#include "settings/job_text.h"

#include <algorithm>

#include "base/try.h"
#include "settings/setting.h"
#include "settings/toml_file.h"

namespace rowcall::settings {
namespace {

bool has_own_header(const Setting& setting) {
  return setting.kind == Kind::kTextTable || setting.kind == Kind::kColumns || setting.kind == Kind::kRules;
}

void append_entries(std::string& out, const Table& table) {
  for (const Entry& entry : table) out += toml_key(entry.name) + " = " + toml_text(entry.value) + "\n";
}

// "[request.headers]" and its entries, or one "[[classify.body]]" for each rule.
void append_below(std::string& out, const Setting& setting, const Value& value) {
  if (const Table* table = value.table()) {
    out += "\n[" + setting.key + "]\n";
    append_entries(out, *table);
    return;
  }
  for (const Value& item : *value.list()) {
    out += "\n[[" + setting.key + "]]\n";
    append_entries(out, *item.table());
  }
}

void append_section(std::string& out, const Section& section, const Job& job) {
  std::string lines;
  std::string below;
  for (const Setting& setting : all()) {
    if (setting.section() != section.name) continue;
    Value value = setting.get(job);
    // The name is always written: when it is missing, the file's own name takes its place.
    if (value == default_of(setting) && setting.key != "name") continue;
    if (has_own_header(setting)) {
      append_below(below, setting, value);
    } else {
      lines += std::string(setting.name()) + " = " + toml_text(value) + "\n";
    }
  }
  if (!lines.empty() && !section.name.empty()) out += "\n[" + section.name + "]\n";
  out += lines + below;
}

}  // namespace

std::string to_toml(const Job& job) {
  std::string out =
      "# The job as rowcall understood it: every setting that differs from its default.\n"
      "# This file is a job file itself. Secrets are named here, never written.\n";
  for (const Section& section : sections()) append_section(out, section, job);
  return out;
}

Result<void> apply_job_text(std::string_view text, std::string_view file, Job& job, Places& places) {
  TRY(Table table, parse_toml(text, file));
  Place place{std::string(file), false};
  for (const Entry& entry : table) {
    bool section = std::ranges::find(sections(), entry.name, &Section::name) != sections().end();
    if (!section) {
      TRY(Target target, locate(entry.name, place, entry.value.line));
      TRY_VOID(put(job, places, target, entry.value, place));
      continue;
    }
    if (entry.value.table() == nullptr) {
      return failure({ErrorCode::kSetting, place.of(entry.name, {}, entry.value.line), "no table",
                      "a table of settings",
                      "Write [" + entry.name + "] on a line of its own, and its settings below."});
    }
    for (const Entry& inner : *entry.value.table()) {
      TRY(Target target, locate(entry.name + "." + inner.name, place, inner.value.line));
      TRY_VOID(put(job, places, target, inner.value, place));
    }
  }
  return {};
}

}  // namespace rowcall::settings
