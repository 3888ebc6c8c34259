// SPDX-License-Identifier: Apache-2.0
// Settings whose value is a table or a list of tables: named texts, response columns, body rules.
//
// The `read_` functions make a field anew; the `put_` functions set one entry of it, in place if there is
// one of that name, else at the end. A complaint names the entry. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rowcall/job.h"

#include "settings/complaint.h"
#include "settings/value.h"

namespace rowcall::settings {

/// What the entries of a table of texts have to be.
struct EntryForm {
  const char* expects;
  Verdict (*check)(const std::string& name, std::string_view text);
  bool ignore_case = false;  ///< Names that differ only in capital letters are the same.
};

extern const EntryForm kTypeEntries;    ///< column = "type"
extern const EntryForm kHeaderEntries;  ///< header = "text"
extern const EntryForm kQueryEntries;   ///< parameter = "text"
extern const char* const kColumnsForm;
extern const char* const kRulesForm;

Read<NamedTexts> read_named(const Value& value, const EntryForm& form);
Verdict put_named(NamedTexts& texts, const Entry& entry, const EntryForm& form);
Value named_value(const NamedTexts& texts);

Read<std::vector<ResponseColumn>> read_columns(const Value& value);
Verdict put_column(std::vector<ResponseColumn>& columns, const Entry& entry);
Value columns_value(const std::vector<ResponseColumn>& columns);

/// Each rule is a table: pointer, outcome, and `equals` (a text, a number, true or false) or `equals_json`
/// (any JSON text); with neither, the pointer merely has to exist.
Read<std::vector<BodyRule>> read_rules(const Value& value);
Value rules_value(const std::vector<BodyRule>& rules);

}  // namespace rowcall::settings
