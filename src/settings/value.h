// SPDX-License-Identifier: Apache-2.0
// The value of a setting, as a job file, a flag or Python hands it over.
//
// Plain data, independent of any file format; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rowcall::settings {

struct Value;
struct Entry;
using List = std::vector<Value>;
using Table = std::vector<Entry>;  ///< In the order in which it was written.

struct Value {
  std::variant<bool, std::int64_t, double, std::string, List, Table> data;
  int line = 0;  ///< Where it stands in its file, from 1; 0 when it comes from no file.

  Value();
  Value(bool v);
  Value(int v);
  Value(std::int64_t v);
  Value(double v);
  Value(const char* v);
  Value(std::string v);
  Value(List v);
  Value(Table v);

  const bool* truth() const { return std::get_if<bool>(&data); }
  const std::int64_t* whole() const { return std::get_if<std::int64_t>(&data); }
  const double* real() const { return std::get_if<double>(&data); }
  const std::string* text() const { return std::get_if<std::string>(&data); }
  const List* list() const { return std::get_if<List>(&data); }
  const Table* table() const { return std::get_if<Table>(&data); }

  /// The line it stands on says nothing about what it is.
  bool operator==(const Value& other) const;
};

struct Entry {
  std::string name;
  Value value;
  bool operator==(const Entry&) const = default;
};

// Only here, where an Entry is known whole: a table of them can be neither made nor dropped before.
inline Value::Value() : data(Table{}) {}
inline Value::Value(bool v) : data(v) {}
inline Value::Value(int v) : data(std::int64_t{v}) {}
inline Value::Value(std::int64_t v) : data(v) {}
inline Value::Value(double v) : data(v) {}
inline Value::Value(const char* v) : data(std::string(v)) {}
inline Value::Value(std::string v) : data(std::move(v)) {}
inline Value::Value(List v) : data(std::move(v)) {}
inline Value::Value(Table v) : data(std::move(v)) {}

/// For error messages: "\"fast\"" (cut at 60 bytes), "12", "true", "a list", "a table".
std::string shown(const Value& value);

/// As a TOML value on one line, which reads back as the same value.
std::string toml_text(const Value& value);

/// As a TOML key: bare where that is allowed, else in quotes.
std::string toml_key(std::string_view name);

}  // namespace rowcall::settings
