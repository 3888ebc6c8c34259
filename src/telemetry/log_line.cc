// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log_line.h"

#include "base/json_text.h"
#include "base/utf8.h"
#include "telemetry/plain_text.h"

namespace rowcall::telemetry {
namespace {

// An error message may quote a whole answer; a trace is the longest text that is meant to be here.
constexpr std::size_t kTextBytesMax = 16'384;

// Without secrets, not too long, valid UTF-8. Masked before it is cut or escaped: half a secret, or the
// escaped form of one, would not be found.
std::string fit(std::string_view text, const Redactor& redactor) {
  std::string out = redactor.masked(text);
  if (out.size() > kTextBytesMax || !is_utf8(out)) out = excerpt(out, kTextBytesMax);
  return out;
}

struct TextValue {
  std::string& out;
  const Redactor& redactor;

  void operator()(std::string_view text) const {
    std::string value = plain(fit(text, redactor));
    if (!value.empty() && value.find_first_of(" =\"") == std::string::npos) {
      out += value;
      return;
    }
    out += '"';
    for (char c : value) {
      if (c == '"') out += '\\';
      out += c;
    }
    out += '"';
  }
  void operator()(std::int64_t number) const { json::append_int(out, number); }
  void operator()(double number) const { json::append_double(out, number); }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
};

struct JsonValue {
  std::string& out;
  const Redactor& redactor;

  void operator()(std::string_view text) const { json::append_string(out, fit(text, redactor)); }
  void operator()(std::int64_t number) const { json::append_int(out, number); }
  void operator()(double number) const { json::append_double(out, number); }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
};

}  // namespace

std::string text_body(std::string_view message, Fields fields, const Redactor& redactor) {
  std::string out = plain(fit(message, redactor));
  for (const Field& field : fields) {
    out += ' ';
    out += field.key;
    out += '=';
    std::visit(TextValue{out, redactor}, field.value);
  }
  return out;
}

std::string json_body(std::string_view message, Fields fields, const Redactor& redactor) {
  std::string out = "\"message\":";
  JsonValue{out, redactor}(message);
  for (const Field& field : fields) {
    out += ',';
    json::append_string(out, field.key);
    out += ':';
    std::visit(JsonValue{out, redactor}, field.value);
  }
  return out;
}

}  // namespace rowcall::telemetry
