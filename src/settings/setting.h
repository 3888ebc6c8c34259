// SPDX-License-Identifier: Apache-2.0
// What a setting is: its name, its meaning, and how it gets into a job and out of it again.
//
// The table in table.cc (and table_call.cc) is the one place that knows all of them. Job files, flags,
// environment, Python, the frozen job in a run directory and docs/settings.md are all made from it.
//
// The table is built once and never changes; any thread may read it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "settings/complaint.h"
#include "settings/value.h"

namespace rowcall::settings {

/// What values a setting takes.
enum class Kind {
  kTruth,      ///< true or false
  kWhole,      ///< A whole number.
  kReal,       ///< A number.
  kShare,      ///< "10%" or 0.1
  kDuration,   ///< "250ms"; a bare number means seconds.
  kBytes,      ///< "8MB"; a bare number means bytes.
  kText,       ///< Any text, or text of the form the setting's documentation gives.
  kChoice,     ///< One of the words in `choices`.
  kSecret,     ///< "env:NAME" or "file:PATH"
  kRates,      ///< "5000/s", a list of such, or "unlimited"
  kCaps,       ///< 100, "2%", or a list of both
  kTexts,      ///< A text or a list of texts.
  kTextTable,  ///< name = "text"
  kColumns,    ///< name = "/pointer:type!"
  kRules,      ///< A list of tables with pointer, equals and outcome.
};

struct Setting {
  std::string key;  ///< "limits.rate"
  Kind kind = Kind::kText;
  std::string doc;                       ///< What it means, in a sentence or two.
  std::string example;                   ///< A value other than the default, as written in a job file.
  std::string expects;                   ///< "a whole number from 1 to 100"; used in errors and docs.
  std::vector<std::string> choices;      ///< For kChoice.
  std::string flag;                      ///< Of `rowcall run`: "--rate"; empty: none.
  std::vector<std::string> environment;  ///< Variables that set it, all together if there are several.
  bool quiet = false;                    ///< A wrong value may be a secret: errors do not show it.
  /// What the variable holds may be a secret: the job only says in which one it is, as "env:NAME".
  bool stays_in_environment = false;

  std::function<Verdict(Job&, const Value&)> set;
  std::function<Value(const Job&)> get;
  /// For tables: sets one entry, leaving the others as they are.
  std::function<Verdict(Job&, const std::string& name, const Value&)> set_entry;

  std::string_view section() const;  ///< "limits"; empty for `name`.
  std::string_view name() const;     ///< "rate"
};

/// A table of a job file.
struct Section {
  std::string name;
  std::string doc;
};

/// Every setting, section by section, in the order of job.h.
std::span<const Setting> all();
std::span<const Section> sections();

/// The setting of that name, or null.
const Setting* find(std::string_view key);

/// A key, or a key and an entry of the table it names: "request.headers.Accept".
struct Target {
  const Setting* setting = nullptr;
  std::string entry;  ///< Empty: the setting as a whole.
};

/// Which setting a key means. For an unknown key the error names the nearest one.
Result<Target> locate(std::string_view key, const Place& place, int line = 0);

/// Sets one setting, or says why not; then the job is as it was.
Verdict judge(Job& job, const Target& target, const Value& value);

/// The same, with an error that names the place.
Result<void> apply(Job& job, const Target& target, const Value& value, const Place& place);

/// The same, for hosts which have values and no files. `key` may name an entry of a table; `place` may be
/// empty, or say where the value comes from, and is put before the key in errors.
Result<void> apply(Job& job, std::string_view key, const Value& value, std::string_view place);

/// The value of a setting as a default-made job has it.
Value default_of(const Setting& setting);

}  // namespace rowcall::settings
