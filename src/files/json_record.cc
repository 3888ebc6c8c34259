// SPDX-License-Identifier: Apache-2.0
#include "files/json_record.h"

#include <simdjson.h>

#include <utility>

#include "base/parse.h"
#include "base/utf8.h"
#include "files/cell_value.h"

namespace rowcall::files {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr int kDepthMax = 200;  // of nested values, to keep the stack small
constexpr std::size_t kParserKeeps = 1
                                     << 20;  // a parser's memory grows with its longest text, five bytes each

error_code check_value(ondemand::value value, int depth);

error_code check_object(ondemand::object object, int depth) {
  for (auto field : object) {
    std::string_view name;
    if (auto error = field.unescaped_key().get(name)) return error;
    ondemand::value value;
    if (auto error = field.value().get(value)) return error;
    if (auto error = check_value(value, depth)) return error;
  }
  return SUCCESS;
}

error_code check_array(ondemand::array array, int depth) {
  for (auto item : array) {
    ondemand::value value;
    if (auto error = item.get(value)) return error;
    if (auto error = check_value(value, depth)) return error;
  }
  return SUCCESS;
}

// simdjson looks closely only at what is asked for: asks for everything.
error_code check_value(ondemand::value value, int depth) {
  if (depth > kDepthMax) return simdjson::DEPTH_ERROR;
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (auto error = value.get_object().get(object)) return error;
      return check_object(object, depth + 1);
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      return check_array(array, depth + 1);
    }
    case ondemand::json_type::string: {
      std::string_view text;
      return value.get_string().get(text);
    }
    case ondemand::json_type::boolean: {
      bool truth = false;
      return value.get_bool().get(truth);
    }
    case ondemand::json_type::number:
      return is_json_number(trimmed(value.raw_json_token())) ? SUCCESS : simdjson::NUMBER_ERROR;
    case ondemand::json_type::null:
      return trimmed(value.raw_json_token()) == "null" ? SUCCESS : simdjson::N_ATOM_ERROR;
  }
  return simdjson::TAPE_ERROR;
}

error_code read_member(ondemand::document& document, ondemand::value value, JsonMember& member) {
  ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  std::string_view token = trimmed(value.raw_json_token());
  member.raw = token;
  switch (type) {
    case ondemand::json_type::string:
      member.kind = JsonKind::kString;
      return value.get_string().get(member.text);
    case ondemand::json_type::number:
      member.kind =
          token.find_first_of(".eE") == std::string_view::npos ? JsonKind::kInteger : JsonKind::kReal;
      return check_value(value, 0);
    case ondemand::json_type::boolean: member.kind = JsonKind::kBool; return check_value(value, 0);
    case ondemand::json_type::null: member.kind = JsonKind::kNull; return check_value(value, 0);
    default: break;
  }
  member.kind = JsonKind::kNested;
  if (auto error = check_value(value, 0)) return error;
  // The document now stands at the token behind the value.
  const char* behind = nullptr;
  if (auto error = document.current_location().get(behind)) return error;
  member.raw = trimmed(std::string_view(token.begin(), behind));
  return SUCCESS;
}

// The library's name of the error and its first sentence.
std::string not_json(error_code error) {
  std::string text = simdjson::error_message(error);
  return "not JSON: " + text.substr(0, text.find(". "));
}

}  // namespace

const char* described(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return "a bool";
    case JsonKind::kInteger: return "an integer";
    case JsonKind::kReal: return "a number";
    case JsonKind::kString: return "a string";
    case JsonKind::kNested: return "an object or array";
  }
  return "a value";
}

struct JsonRecordParser::Parser {
  ondemand::parser parser;
};

JsonRecordParser::JsonRecordParser() : parser_(std::make_unique<Parser>()) {}
JsonRecordParser::JsonRecordParser(JsonRecordParser&&) noexcept = default;
JsonRecordParser& JsonRecordParser::operator=(JsonRecordParser&&) noexcept = default;
JsonRecordParser::~JsonRecordParser() = default;

std::string JsonRecordParser::parse(std::string_view text, std::vector<JsonMember>& members) {
  members.clear();
  if (parser_->parser.capacity() > kParserKeeps && text.size() <= kParserKeeps)
    parser_ = std::make_unique<Parser>();
  if (text.starts_with('[')) {
    return "found an array, expected an object: {...}; for one array of objects set source.format to json";
  }
  ondemand::document document;
  std::size_t readable = text.size() + simdjson::SIMDJSON_PADDING;
  if (auto error = parser_->parser.iterate(text.data(), text.size(), readable).get(document))
    return not_json(error);
  ondemand::object object;
  if (auto error = document.get_object().get(object)) {
    return error == simdjson::INCORRECT_TYPE ? "found no object, expected one: {...}" : not_json(error);
  }
  for (auto field : object) {
    JsonMember member;
    if (auto error = field.unescaped_key().get(member.name)) return not_json(error);
    ondemand::value value;
    if (auto error = field.value().get(value)) return not_json(error);
    if (auto error = read_member(document, value, member)) return not_json(error);
    members.push_back(member);
  }
  return document.at_end() ? "" : "text behind the object";
}

bool is_json(std::string_view text) {
  ondemand::parser parser;
  // As the only item of an array, a lone scalar is a value like any other.
  simdjson::padded_string wrapped(std::string("[").append(text).append("]"));
  ondemand::document document;
  if (parser.iterate(wrapped).get(document) != SUCCESS) return false;
  ondemand::array array;
  if (document.get_array().get(array) != SUCCESS) return false;
  int items = 0;
  for (auto item : array) {
    ondemand::value value;
    if (item.get(value) != SUCCESS || check_value(value, 0) != SUCCESS) return false;
    ++items;
  }
  return items == 1 && document.at_end();
}

}  // namespace rowcall::files
