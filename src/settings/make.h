// SPDX-License-Identifier: Apache-2.0
// One maker for each kind of setting; what table.cc is written with.
//
// `Field` is a callable that takes a Job& or a const Job& and gives a reference to the field.
#pragma once

#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/parse.h"
#include "settings/entries.h"
#include "settings/rate_text.h"
#include "settings/read.h"
#include "settings/secrets.h"
#include "settings/setting.h"
#include "settings/text_form.h"

/// The field of a job that a setting is about: FIELD(limits.rate).
#define ROWCALL_FIELD(path) [](auto& job) -> auto& { return job.path; }

namespace rowcall::settings {

/// What a setting says of itself.
struct About {
  const char* key;
  const char* example;  ///< As written in a job file.
  const char* doc;
  const char* flag = "";
  std::vector<std::string> environment = {};
  bool quiet = false;
  bool stays_in_environment = false;
};

inline Setting made(About about, Kind kind, std::string expects) {
  Setting setting;
  setting.key = about.key;
  setting.kind = kind;
  setting.doc = about.doc;
  setting.example = about.example;
  setting.expects = std::move(expects);
  setting.flag = about.flag;
  setting.environment = std::move(about.environment);
  setting.quiet = about.quiet;
  setting.stays_in_environment = about.stays_in_environment;
  return setting;
}

/// A setting of one field: `read` makes the field's value from a Value, `show` a Value from it.
template <class Field, class Reader, class Shower>
Setting with_field(Setting setting, Field field, Reader read, Shower show) {
  setting.set = [field, read = std::move(read)](Job& job, const Value& value) -> Verdict {
    auto got = read(value);
    if (!got) return std::move(got).error();
    auto& target = field(job);
    target = static_cast<std::remove_reference_t<decltype(target)>>(*std::move(got));
    return std::nullopt;
  };
  setting.get = [field, show = std::move(show)](const Job& job) { return Value(show(field(job))); };
  return setting;
}

template <class Field>
Setting truth(About about, Field field) {
  Setting setting = made(std::move(about), Kind::kTruth, "true or false");
  auto read = [expects = setting.expects](const Value& value) { return read_truth(value, expects); };
  return with_field(std::move(setting), field, read, [](bool on) { return on; });
}

template <class Field>
Setting whole(About about, Range range, Field field) {
  using Number = std::remove_cvref_t<decltype(field(std::declval<Job&>()))>;
  if (std::numeric_limits<Number>::max() < range.most) range.most = std::numeric_limits<Number>::max();
  Setting setting = made(std::move(about), Kind::kWhole, whole_form(range));
  auto read = [range, expects = setting.expects](const Value& value) {
    return read_whole(value, range, expects);
  };
  return with_field(std::move(setting), field, read, [](std::int64_t number) { return number; });
}

template <class Field>
Setting seed(About about, Field field) {
  Setting setting = made(std::move(about), Kind::kWhole, "a whole number, at least 0");
  auto read = [expects = setting.expects](const Value& value) { return read_seed(value, expects); };
  return with_field(std::move(setting), field, read, [](std::uint64_t number) {
    return number <= INT64_MAX ? Value(static_cast<std::int64_t>(number)) : Value(std::to_string(number));
  });
}

template <class Field>
Setting real(About about, double least, double most, Field field) {
  Setting setting = made(std::move(about), Kind::kReal,
                         "a number from " + grouped(static_cast<std::int64_t>(least)) + " to " +
                             grouped(static_cast<std::int64_t>(most)));
  auto read = [least, most, expects = setting.expects](const Value& value) {
    return read_real(value, least, most, expects);
  };
  return with_field(std::move(setting), field, read, [](double number) { return number; });
}

template <class Field>
Setting share(About about, Field field) {
  Setting setting = made(std::move(about), Kind::kShare, "a share from 0% to 100%, such as \"10%\" or 0.1");
  auto read = [expects = setting.expects](const Value& value) { return read_share(value, expects); };
  return with_field(std::move(setting), field, read, share_value);
}

template <class Field>
Setting duration(About about, Duration least, Duration most, Field field) {
  Range range{least.count(), most.count()};
  Setting setting = made(std::move(about), Kind::kDuration, duration_form(range));
  auto read = [range, expects = setting.expects](const Value& value) {
    return read_duration(value, range, expects);
  };
  return with_field(std::move(setting), field, read, duration_text);
}

template <class Field>
Setting bytes(About about, Range range, Field field) {
  Setting setting = made(std::move(about), Kind::kBytes, bytes_form(range));
  auto read = [range, expects = setting.expects](const Value& value) {
    return read_bytes(value, range, expects);
  };
  return with_field(std::move(setting), field, read, bytes_text);
}

template <class Field>
Setting character(About about, Field field) {
  Setting setting =
      made(std::move(about), Kind::kText, "one ASCII character; \"\\t\" or \"tab\" for the tab");
  auto read = [expects = setting.expects](const Value& value) { return read_character(value, expects); };
  return with_field(std::move(setting), field, read, [](char c) { return std::string(1, c); });
}

/// `text` checked by its form.
inline Read<std::string> read_formed(const Value& value, const TextForm& form) {
  auto text = read_text(value, form.expects);
  if (!text || form.check == nullptr) return text;
  if (auto wrong = form.check(*text)) return complain(*std::move(wrong));
  return text;
}

template <class Field>
Setting text(About about, const TextForm& form, Field field) {
  Setting setting = made(std::move(about), Kind::kText, form.expects);
  auto read = [&form](const Value& value) { return read_formed(value, form); };
  return with_field(std::move(setting), field, read, [](const std::string& t) { return t; });
}

/// `choices` in the order of the enumeration's values.
template <class Field>
Setting choice(About about, std::vector<std::string> choices, Field field) {
  Setting setting = made(std::move(about), Kind::kChoice, choice_form(choices));
  setting.choices = choices;
  auto read = [choices, expects = setting.expects](const Value& value) {
    return read_choice(value, choices, expects);
  };
  auto show = [choices](auto chosen) { return choices.at(static_cast<std::size_t>(chosen)); };
  return with_field(std::move(setting), field, read, show);
}

/// Another word for a choice.
struct Alias {
  std::string_view word;
  const char* choice;
};

/// A choice kept as its word.
template <class Field>
Setting word(About about, std::vector<std::string> choices, Field field, Alias alias = {}) {
  Setting setting = made(std::move(about), Kind::kChoice, choice_form(choices));
  setting.choices = choices;
  auto read = [choices, alias, expects = setting.expects](const Value& value) -> Read<std::string> {
    if (alias.choice != nullptr && value.text() != nullptr &&
        equal_ignoring_case(*value.text(), alias.word)) {
      return alias.choice;
    }
    auto index = read_choice(value, choices, expects);
    if (!index) return complain(std::move(index).error());
    return choices[*index];
  };
  return with_field(std::move(setting), field, read, [](const std::string& w) { return w; });
}

template <class Field>
Setting texts(About about, const TextForm& form, std::string expects, Field field) {
  Setting setting = made(std::move(about), Kind::kTexts, std::move(expects));
  auto read = [&form, words = setting.expects](const Value& value) -> Read<std::vector<std::string>> {
    auto list = read_texts(value, words);
    if (!list || form.check == nullptr) return list;
    for (const std::string& item : *list) {
      if (auto wrong = form.check(item)) return complain(*std::move(wrong));
    }
    return list;
  };
  return with_field(std::move(setting), field, read, texts_value);
}

template <class Field>
Setting secret(About about, Field field) {
  about.quiet = true;
  Setting setting = made(std::move(about), Kind::kSecret, kSecretForm);
  auto read = [](const Value& value) -> Read<SecretRef> {
    auto place = read_text(value, kSecretForm);
    if (!place) return complain(std::move(place).error());
    if (place->empty()) return SecretRef{};
    if (auto wrong = check_secret_place(*place)) return complain(*std::move(wrong));
    return SecretRef{*std::move(place)};
  };
  return with_field(std::move(setting), field, read,
                    [](const SecretRef& secret_ref) { return secret_ref.place; });
}

template <class Field>
Setting text_table(About about, const EntryForm& form, Field field) {
  Setting setting = made(std::move(about), Kind::kTextTable, form.expects);
  auto read = [&form](const Value& value) { return read_named(value, form); };
  setting.set_entry = [field, &form](Job& job, const std::string& name, const Value& value) {
    return put_named(field(job), {name, value}, form);
  };
  return with_field(std::move(setting), field, read, named_value);
}

template <class Field>
Setting columns(About about, Field field) {
  Setting setting = made(std::move(about), Kind::kColumns, kColumnsForm);
  setting.set_entry = [field](Job& job, const std::string& name, const Value& value) {
    return put_column(field(job), {name, value});
  };
  return with_field(std::move(setting), field, read_columns, columns_value);
}

template <class Field>
Setting rules(About about, Field field) {
  return with_field(made(std::move(about), Kind::kRules, kRulesForm), field, read_rules, rules_value);
}

/// Rates, or "auto": `field` gives the LimitSpec.
template <class Field>
Setting rates(About about, Field field) {
  std::string expects = std::string(kRateForm) + ", a list of up to four, \"auto\" or \"unlimited\"";
  Setting setting = made(std::move(about), Kind::kRates, std::move(expects));
  setting.set = [field](Job& job, const Value& value) -> Verdict {
    auto got = read_rates(value);
    if (!got) return std::move(got).error();
    field(job).rate = std::move(got->limits);
    field(job).find_rate = got->find;
    return std::nullopt;
  };
  setting.get = [field](const Job& job) {
    return rates_value({.limits = field(job).rate, .find = field(job).find_rate});
  };
  return setting;
}

/// A number of rows and a share of rows under one name: `field` gives the LimitSpec.
template <class Field>
Setting caps(About about, Field field) {
  Setting setting = made(std::move(about), Kind::kCaps,
                         "a number of rows such as 100, a share such as \"2%\", or a list of both");
  setting.set = [field, expects = setting.expects](Job& job, const Value& value) -> Verdict {
    auto got = read_caps(value, expects);
    if (!got) return std::move(got).error();
    field(job).max_errors = got->count;
    field(job).max_error_share = got->share;
    return std::nullopt;
  };
  setting.get = [field](const Job& job) {
    return caps_value({.count = field(job).max_errors, .share = field(job).max_error_share});
  };
  return setting;
}

}  // namespace rowcall::settings
