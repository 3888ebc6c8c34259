// SPDX-License-Identifier: Apache-2.0
#include "settings/setting.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/nearest.h"
#include "settings/table.h"

namespace rowcall::settings {
namespace {

std::vector<Setting> build() {
  std::vector<Setting> table;
  for (auto part : {top_settings, source_settings, csv_settings, s3_settings, request_settings,
                    connection_settings, auth_settings, response_settings, classify_settings, limits_settings,
                    retry_settings, breaker_settings, sink_settings, run_settings, log_settings}) {
    std::ranges::move(part(), std::back_inserter(table));
  }
  return table;
}

const Section* find_section(std::string_view name) {
  auto found = std::ranges::find(sections(), name, &Section::name);
  return found == sections().end() ? nullptr : &*found;
}

// What an unknown key may have been meant to be.
std::string nearest_key(std::string_view key) {
  std::vector<std::string> keys;
  std::vector<std::string> same_name;
  for (const Setting& setting : all()) {
    keys.push_back(setting.key);
    // The right name in the wrong table, or in none.
    if (setting.name() == key.substr(key.rfind('.') + 1)) same_name.push_back(setting.key);
  }
  if (same_name.size() == 1) return same_name.front();
  // What stands behind the second dot is the name of an entry.
  auto dot = key.find('.');
  return nearest(key.substr(0, dot == std::string_view::npos ? dot : key.find('.', dot + 1)), keys);
}

// The table a key begins with, misspelt.
std::string nearest_section(std::string_view key) {
  std::vector<std::string> names;
  for (const Section& section : sections()) names.push_back(section.name);
  std::string_view name = key.substr(0, key.find('.'));
  return find_section(name) != nullptr ? "" : nearest(name, names);
}

Complaint unknown(std::string_view key) {
  Complaint complaint{.found = "no such setting", .expected = "a setting of docs/settings.md"};
  if (const Section* section = find_section(key)) {
    complaint.found = "a table of settings, not a setting";
    complaint.expected = "one of its settings";
    for (const Setting& setting : all()) {
      if (setting.section() != section->name) continue;
      complaint.mend = "For one, " + setting.key + ".";
      break;
    }
  } else if (std::string near = nearest_key(key); !near.empty()) {
    complaint.mend = "Did you mean " + near + "?";
  } else if (std::string section_near = nearest_section(key); !section_near.empty()) {
    complaint.mend = "Did you mean [" + section_near + "]?";
  }
  return complaint;
}

// A secret may have been put where something else belongs, so a wrong value is described, not repeated.
std::string described(const Value& value) {
  if (value.text() != nullptr) return "another text, which is not shown here";
  if (value.truth() != nullptr) return "true or false";
  if (value.list() != nullptr || value.table() != nullptr) return shown(value);
  return "a number, which is not shown here";
}

// The entry of that name; the value itself when it has no such entry.
const Value* entry_of(const Value& value, std::string_view name) {
  if (value.table() == nullptr || name.empty()) return &value;
  auto entry = std::ranges::find(*value.table(), name, &Entry::name);
  return entry == value.table()->end() ? &value : &entry->value;
}

}  // namespace

std::string_view Setting::section() const {
  auto dot = key.find('.');
  return dot == std::string::npos ? std::string_view() : std::string_view(key).substr(0, dot);
}

std::string_view Setting::name() const {
  auto dot = key.find('.');
  return std::string_view(key).substr(dot == std::string::npos ? 0 : dot + 1);
}

std::span<const Setting> all() {
  static const std::vector<Setting> table = build();
  return table;
}

std::span<const Section> sections() {
  static const std::vector<Section> list = {
      {"", "Above the first table of a job file."},
      {"source", "The table to read."},
      {"s3", "How to reach the object store, for both source and sink."},
      {"request", "What one call sends. In templates {{column}} stands for the row's value."},
      {"auth", "Who the calls come from. These settings say where a secret is found, never what it is."},
      {"response", "What is taken out of an answer."},
      {"classify", "Which answers are successes, which are tried again, and which end the run."},
      {"limits", "How much and how fast."},
      {"retry", "When an attempt is made again."},
      {"breaker", "What happens while the API is down."},
      {"sink", "The table to write: the source's columns, then those of the answer."},
      {"run", "How the run is carried out."},
      {"log", "What is told, and where."},
  };
  return list;
}

const Setting* find(std::string_view key) {
  auto found = std::ranges::find(all(), key, &Setting::key);
  return found == all().end() ? nullptr : &*found;
}

Result<Target> locate(std::string_view key, const Place& place, int line) {
  if (const Setting* setting = find(key)) return Target{setting, {}};
  for (const Setting& setting : all()) {
    bool entry = setting.set_entry && key.starts_with(setting.key + ".");
    if (entry && key.size() > setting.key.size() + 1)
      return Target{&setting, std::string(key.substr(setting.key.size() + 1))};
  }
  if (!key.empty() && can_be_shown(key)) return failure(error_of(unknown(key), place, key, line));
  return failure(error_of({.found = "no name of a setting", .expected = "a name such as limits.rate"},
                          Place{place.text, true}, "", line));
}

Verdict judge(Job& job, const Target& target, const Value& value) {
  const Setting& setting = *target.setting;
  Verdict wrong =
      target.entry.empty() ? setting.set(job, value) : setting.set_entry(job, target.entry, value);
  if (wrong && wrong->shows_value && setting.quiet) {
    wrong->found = described(target.entry.empty() ? *entry_of(value, wrong->under) : value);
  }
  return wrong;
}

Result<void> apply(Job& job, const Target& target, const Value& value, const Place& place) {
  if (Verdict wrong = judge(job, target, value)) {
    return failure(error_of(*std::move(wrong), place, target.setting->key, value.line));
  }
  return {};
}

Result<void> apply(Job& job, std::string_view key, const Value& value, std::string_view place) {
  Place from{std::string(place), false};
  auto target = locate(key, from, value.line);
  if (!target) return failure(std::move(target).error());
  return apply(job, *target, value, from);
}

Value default_of(const Setting& setting) {
  static const Job job;
  return setting.get(job);
}

}  // namespace rowcall::settings
