// SPDX-License-Identifier: Apache-2.0
// One JSON object as its members, checked to the last character (simdjson).
//
// Belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rowcall::files {

enum class JsonKind { kNull, kBool, kInteger, kReal, kString, kNested };

/// "null", "a bool", "an integer", "a number", "a string", "an object or array".
const char* described(JsonKind kind);

struct JsonMember {
  std::string_view name;  ///< Without escapes.
  JsonKind kind = JsonKind::kNull;
  std::string_view raw;   ///< The value as it stands in the text.
  std::string_view text;  ///< kString: without quotes and escapes.
};

class JsonRecordParser {
 public:
  JsonRecordParser();
  JsonRecordParser(JsonRecordParser&&) noexcept;
  JsonRecordParser& operator=(JsonRecordParser&&) noexcept;
  ~JsonRecordParser();

  /// The members of the object that `text` is. Returns "" or what is wrong. SIMDJSON_PADDING bytes behind
  /// `text` must be readable. The views stay valid until the next call and as long as `text` does.
  std::string parse(std::string_view text, std::vector<JsonMember>& members);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

/// True when `text` is one JSON value. Copies it.
bool is_json(std::string_view text);

}  // namespace rowcall::files
