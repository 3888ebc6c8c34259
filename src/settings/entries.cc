// SPDX-License-Identifier: Apache-2.0
#include "settings/entries.h"

#include <algorithm>
#include <array>

#include "base/json_text.h"
#include "base/nearest.h"
#include "base/parse.h"
#include "settings/column_text.h"
#include "settings/read.h"
#include "settings/secrets.h"

namespace rowcall::settings {
namespace {

Verdict check_column_type(const std::string& name, std::string_view type) {
  if (name.empty()) return Complaint{.found = "an empty column name", .expected = "a column's name"};
  return check_type(type);
}

Complaint at_entry(Complaint complaint, const Entry& entry) {
  complaint.under = entry.name;
  if (complaint.line == 0) complaint.line = entry.value.line;
  return complaint;
}

Complaint twice(const Entry& entry, const char* expects) {
  return at_entry({.found = "a second entry of this name", .expected = expects, .mend = "Keep one of them."},
                  entry);
}

constexpr const char* kEqualsForm = "a text, a number, true or false";

// The JSON text a scalar stands for.
Read<std::string> json_of(const Value& value) {
  std::string out;
  if (const std::string* text = value.text()) {
    json::append_string(out, *text);
  } else if (value.whole() != nullptr || value.truth() != nullptr) {
    out = toml_text(value);
  } else if (const double* real = value.real()) {
    json::append_double(out, *real);
  } else {
    return complain(not_what(value, kEqualsForm, "Give equals_json with JSON text for anything else."));
  }
  return out;
}

const std::vector<std::string>& outcome_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    for (int i = 0; i < kOutcomeClasses; ++i) made.emplace_back(name_of(static_cast<OutcomeClass>(i)));
    return made;
  }();
  return names;
}

Verdict set_rule_part(BodyRule& rule, const Entry& part) {
  static const std::vector<std::string> parts = {"pointer", "equals", "equals_json", "outcome"};
  if (part.name == "pointer") {
    auto pointer = read_text(part.value, "a JSON Pointer");
    if (!pointer) return pointer.error();
    if (auto wrong = check_pointer(*pointer)) return wrong;
    rule.pointer = *pointer;
  } else if (part.name == "equals") {
    auto text = json_of(part.value);
    if (!text) return text.error();
    rule.equals = *text;
  } else if (part.name == "equals_json") {
    auto text = read_text(part.value, "JSON text");
    if (!text) return text.error();
    rule.equals = *text;
  } else if (part.name == "outcome") {
    auto outcome = read_choice(part.value, outcome_names(), choice_form(outcome_names()));
    if (!outcome) return outcome.error();
    rule.outcome = static_cast<OutcomeClass>(*outcome);
  } else {
    std::string near = nearest(part.name, parts);
    return Complaint{.found = "no such part of a rule",
                     .expected = "pointer, equals, equals_json or outcome",
                     .mend = near.empty() ? "" : "Did you mean " + near + "?"};
  }
  return std::nullopt;
}

Read<BodyRule> read_rule(const Value& value) {
  if (value.table() == nullptr) return complain(not_what(value, kRulesForm));
  BodyRule rule;
  auto has = [&](std::string_view name) {
    return std::ranges::any_of(*value.table(), [&](const Entry& part) { return part.name == name; });
  };
  for (const Entry& part : *value.table()) {
    if (auto wrong = set_rule_part(rule, part)) return complain(at_entry(*std::move(wrong), part));
  }
  for (const char* name : {"pointer", "outcome"}) {
    if (has(name)) continue;
    return complain(
        {.found = std::string("a rule without ") + name, .expected = kRulesForm, .line = value.line});
  }
  if (has("equals") && has("equals_json")) {
    return complain(
        {.found = "a rule with both equals and equals_json", .expected = "one of them", .line = value.line});
  }
  return rule;
}

}  // namespace

const EntryForm kTypeEntries = {"a table, column = \"type\"", check_column_type};
const EntryForm kHeaderEntries = {"a table, header = \"text\"", check_header, true};
const EntryForm kQueryEntries = {"a table, parameter = \"text\"", check_query};
const char* const kColumnsForm =
    "a table, column = \"/pointer:type\", with \"!\" at the end if the value must be there";
const char* const kRulesForm = "a table with pointer and outcome, and equals or equals_json";

Read<NamedTexts> read_named(const Value& value, const EntryForm& form) {
  if (value.table() == nullptr) return complain(not_what(value, form.expects));
  NamedTexts texts;
  for (const Entry& entry : *value.table()) {
    std::size_t before = texts.size();
    if (auto wrong = put_named(texts, entry, form)) return complain(*std::move(wrong));
    if (texts.size() == before) return complain(twice(entry, form.expects));
  }
  return texts;
}

Verdict put_named(NamedTexts& texts, const Entry& entry, const EntryForm& form) {
  auto text = read_text(entry.value, "text");
  if (!text) return at_entry(std::move(text).error(), entry);
  if (auto wrong = form.check(entry.name, *text)) return at_entry(*std::move(wrong), entry);
  auto same = [&](const auto& named) {
    return form.ignore_case ? equal_ignoring_case(named.first, entry.name) : named.first == entry.name;
  };
  auto there = std::ranges::find_if(texts, same);
  if (there == texts.end()) {
    texts.emplace_back(entry.name, *std::move(text));
  } else {
    *there = {entry.name, *std::move(text)};
  }
  return std::nullopt;
}

Value named_value(const NamedTexts& texts) {
  Table table;
  for (const auto& [name, text] : texts) table.push_back({name, text});
  return table;
}

Read<std::vector<ResponseColumn>> read_columns(const Value& value) {
  if (value.table() == nullptr) return complain(not_what(value, kColumnsForm));
  std::vector<ResponseColumn> columns;
  for (const Entry& entry : *value.table()) {
    std::size_t before = columns.size();
    if (auto wrong = put_column(columns, entry)) return complain(*std::move(wrong));
    if (columns.size() == before) return complain(twice(entry, kColumnsForm));
  }
  return columns;
}

Verdict put_column(std::vector<ResponseColumn>& columns, const Entry& entry) {
  if (entry.name.empty()) return Complaint{.found = "an empty column name", .expected = kColumnsForm};
  auto text = read_text(entry.value, kColumnForm);
  if (!text) return at_entry(std::move(text).error(), entry);
  auto column = parse_column(entry.name, *text);
  if (!column) return at_entry(std::move(column).error(), entry);
  auto there = std::ranges::find(columns, entry.name, &ResponseColumn::name);
  if (there == columns.end()) {
    columns.push_back(*std::move(column));
  } else {
    *there = *std::move(column);
  }
  return std::nullopt;
}

Value columns_value(const std::vector<ResponseColumn>& columns) {
  Table table;
  for (const ResponseColumn& column : columns) table.push_back({column.name, column_text(column)});
  return table;
}

Read<std::vector<BodyRule>> read_rules(const Value& value) {
  if (value.list() == nullptr)
    return complain(not_what(value, kRulesForm, "Write [[classify.body]] above each rule."));
  std::vector<BodyRule> rules;
  for (const Value& item : *value.list()) {
    auto rule = read_rule(item);
    if (!rule) return complain(std::move(rule).error());
    rules.push_back(*std::move(rule));
  }
  return rules;
}

Value rules_value(const std::vector<BodyRule>& rules) {
  List list;
  for (const BodyRule& rule : rules) {
    Table table = {{"pointer", rule.pointer}};
    if (!rule.equals.empty()) table.push_back({"equals_json", rule.equals});
    table.push_back({"outcome", name_of(rule.outcome)});
    list.emplace_back(std::move(table));
  }
  return list;
}

}  // namespace rowcall::settings
