// SPDX-License-Identifier: Apache-2.0
// Writing JSON text, straight into a string.
//
// The functions append values; `JsonObject` and `JsonArray` place commas and brackets for text that is
// written by hand (summaries, manifests, log lines). Output is valid UTF-8 if the input is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rowcall::json {

/// Appends `text` with JSON escapes, without quotes. Bytes from 0x20 up pass through, `"` and `\` excepted.
void append_escaped(std::string& out, std::string_view text);
/// Appends `text` as a JSON string, with quotes.
void append_string(std::string& out, std::string_view text);
void append_int(std::string& out, std::int64_t value);
void append_uint(std::string& out, std::uint64_t value);
/// The shortest text that reads back as the same double. NaN and infinities have no JSON form: `null`.
void append_double(std::string& out, double value);
/// The same for a float: the shortest text that reads back as the same float.
void append_float(std::string& out, float value);

/// Writes "{" on construction, "}" on destruction, and commas between members.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  ~Object() { out_ += '}'; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  /// Appends `"name":`; the caller appends the value.
  std::string& key(std::string_view name);
  void text(std::string_view name, std::string_view value) { append_string(key(name), value); }
  void number(std::string_view name, std::int64_t value) { append_int(key(name), value); }
  void real(std::string_view name, double value) { append_double(key(name), value); }
  void truth(std::string_view name, bool value) { key(name) += value ? "true" : "false"; }

 private:
  std::string& out_;
  bool first_ = true;
};

/// The same for "[" and "]".
class Array {
 public:
  explicit Array(std::string& out) : out_(out) { out_ += '['; }
  ~Array() { out_ += ']'; }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  /// Appends the comma, if one is due; the caller appends the item.
  std::string& item();

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace rowcall::json
