// SPDX-License-Identifier: Apache-2.0
#include "mapping/answer_mapper.h"

#include <simdjson.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/parse.h"
#include "base/try.h"
#include "base/utf8.h"
#include "mapping/json_value.h"

namespace rowcall::mapping {

namespace ondemand = simdjson::ondemand;
using simdjson::SUCCESS;

namespace {

// A parser keeps memory for the largest answer it has seen; after a very large one it is made anew.
constexpr std::size_t kParserKeeps = 1 << 20;

simdjson::padded_string_view padded(std::string& body) {
  if (body.capacity() < body.size() + simdjson::SIMDJSON_PADDING)
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(body.data(), body.size(), body.capacity());
}

Result<void> check_pointer(const std::string& pointer, const std::string& setting) {
  bool good = pointer.empty() || pointer.starts_with('/');
  for (std::size_t i = 0; good && i < pointer.size(); ++i) {
    if (pointer[i] == '~') good = i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
  }
  if (good) return {};
  return failure({ErrorCode::kSetting, setting, "\"" + pointer + "\"",
                  "a JSON Pointer such as /result/score (RFC 6901)", ""});
}

std::size_t digits_length(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

// The length of the JSON number at the start of `text` (RFC 8259, section 6); 0 if there is none.
std::size_t number_length(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t whole = digits_length(text.substr(at));
  if (whole == 0 || (whole > 1 && text[at] == '0')) return 0;
  at += whole;
  if (text.substr(at).starts_with('.')) {
    std::size_t fraction = digits_length(text.substr(at + 1));
    if (fraction == 0) return 0;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    std::size_t sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-') ? 1 : 0;
    std::size_t exponent = digits_length(text.substr(std::min(at + 1 + sign, text.size())));
    if (exponent == 0) return 0;
    at += 1 + sign + exponent;
  }
  return at;
}

// The same JSON with every well-formed number replaced by 0.
std::string without_numbers(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    out += c;
    if (inside && c == '\\' && i + 1 < text.size()) out += text[++i];
    if (c == '"') inside = !inside;
    if (inside || (c != ',' && c != ':' && c != '[' && c != ' ' && c != '\n' && c != '\t' && c != '\r'))
      continue;
    if (std::size_t length = number_length(text.substr(i + 1)); length > 0) {
      out += '0';
      i += length;
    }
  }
  return out;
}

std::string shown_pointer(const std::string& pointer) {
  return pointer.empty() ? "the answer" : pointer;
}

}  // namespace

struct AnswerMapper::Parsers {
  simdjson::dom::parser dom;
  ondemand::parser ondemand;
};

AnswerMapper::AnswerMapper() : parsers_(std::make_unique<Parsers>()) {}
AnswerMapper::AnswerMapper(AnswerMapper&&) noexcept = default;
AnswerMapper& AnswerMapper::operator=(AnswerMapper&&) noexcept = default;
AnswerMapper::~AnswerMapper() = default;

Result<AnswerMapper> AnswerMapper::make(const Job& job, const std::vector<std::string>& taken) {
  AnswerMapper mapper;
  mapper.spec_ = job.response;
  mapper.rules_ = job.classify.body;
  mapper.many_rows_ = job.request.rows_per_call > 1;
  std::unordered_set<std::string> names(taken.begin(), taken.end());
  auto add = [&](const std::string& name, table::ColumnType type,
                 const std::string& setting) -> Result<std::size_t> {
    std::string full = job.response.prefix + name;
    if (!names.insert(full).second) {
      return failure({ErrorCode::kSetting, setting, "the column \"" + full + "\" is there already",
                      "a name of its own", "Rename it, or set response.prefix."});
    }
    mapper.columns_.push_back({full, type});
    return mapper.columns_.size() - 1;
  };
  for (const ResponseColumn& column : job.response.columns) {
    std::string setting = "response.columns." + column.name;
    auto type = table::ColumnType::parse(column.type);
    if (!type) {
      return failure({ErrorCode::kSetting, setting, "type \"" + column.type + "\"",
                      std::string(table::kColumnTypes), ""});
    }
    TRY_VOID(check_pointer(column.pointer, setting));
    if (column.pointer.empty() && !mapper.many_rows_ && type->id != table::TypeId::kJson) {
      return failure({ErrorCode::kSetting, setting, "the empty pointer with type " + column.type,
                      "type json: the whole answer is JSON", "Write \":json\", or use response.raw = true."});
    }
    TRY(auto index, add(column.name, *type, setting));
    static_cast<void>(index);
    mapper.wanted_.push_back({column.pointer, *type, column.required});
  }
  TRY_VOID(check_pointer(job.response.items, "response.items"));
  TRY_VOID(check_pointer(job.response.match_pointer, "response.match_pointer"));
  for (const BodyRule& rule : mapper.rules_) TRY_VOID(check_pointer(rule.pointer, "classify.body"));
  // Without any wish the answer itself is what the user wants.
  bool nothing_wanted = job.response.columns.empty() && !job.response.status && !job.response.attempts &&
                        !job.response.latency_ms;
  using table::TypeId;
  if (job.response.raw || nothing_wanted) {
    TRY(mapper.raw_, add("raw", {TypeId::kString, 0, 0}, "response.raw"));
  }
  if (job.response.status) {
    TRY(mapper.status_, add("status", {TypeId::kInt32, 0, 0}, "response.status"));
  }
  if (job.response.attempts) {
    TRY(mapper.attempts_, add("attempts", {TypeId::kInt32, 0, 0}, "response.attempts"));
  }
  if (job.response.latency_ms) {
    TRY(mapper.latency_ms_, add("latency_ms", {TypeId::kDouble, 0, 0}, "response.latency_ms"));
  }
  return mapper;
}

// Why `body` is no JSON, or "". The DOM parser looks at every byte; the other one only where it is asked to.
std::string AnswerMapper::invalid_json(std::string& body) {
  auto text = padded(body);
  auto error = parsers_->dom.parse(text.data(), text.size(), /*realloc_if_needed=*/false).error();
  if (body.size() > kParserKeeps) parsers_->dom = simdjson::dom::parser();
  // A number too large for the parser's own types is still JSON; it is read as text.
  if (error == simdjson::NUMBER_ERROR || error == simdjson::BIGINT_ERROR) {
    // A number too large for the parser's own types is still JSON (it is read as text): look again without.
    std::string plain = without_numbers(body);
    error = parsers_->dom.parse(plain).error();
  }
  if (error == SUCCESS) return "";
  std::string message = "the answer is not JSON";
  if (trimmed(body).empty()) return message + ": it is empty";
  return message + ": " + excerpt(body, 120);
}

std::optional<OutcomeClass> AnswerMapper::judge(std::string& body, std::string& message) {
  if (rules_.empty()) return std::nullopt;
  if (!invalid_json(body).empty()) return std::nullopt;  // extract will tell
  for (const BodyRule& rule : rules_) {
    ondemand::document document;
    if (parsers_->ondemand.iterate(padded(body)).get(document) != SUCCESS) return std::nullopt;
    ondemand::value value;
    if (document.at_pointer(rule.pointer).get(value) != SUCCESS) continue;
    auto text = raw_text(value);
    if (!text || (!rule.equals.empty() && *text != rule.equals)) continue;
    message = "the answer has " + rule.pointer + " = " + excerpt(*text, 120);
    return rule.outcome;
  }
  return std::nullopt;
}

Mapped AnswerMapper::extract(std::string& body, RowSpan rows, const std::vector<std::string>& keys,
                             table::AnswerColumns& into) {
  Mapped mapped;
  mapped.row_errors.resize(static_cast<std::size_t>(rows.count));
  if (raw_ != SIZE_MAX) {
    if (!is_utf8(body)) {
      mapped.call_error = "the answer is not UTF-8";
      return mapped;
    }
    for (int i = 0; i < rows.count; ++i) {
      if (!into.set_text(raw_, rows.first + i, body))
        mapped.row_errors[static_cast<std::size_t>(i)] = "too much text for one batch";
    }
  }
  if (wanted_.empty() && !many_rows_) return mapped;
  mapped.call_error = invalid_json(body);
  if (mapped.call_error.empty()) {
    if (many_rows_) {
      extract_many(body, rows, keys, into, mapped);
    } else {
      extract_one(body, rows, into, mapped);
    }
  }
  if (body.size() > kParserKeeps) parsers_->ondemand = ondemand::parser();
  return mapped;
}

void AnswerMapper::extract_one(std::string& body, RowSpan rows, table::AnswerColumns& into, Mapped& mapped) {
  ondemand::document document;
  if (parsers_->ondemand.iterate(padded(body)).get(document) != SUCCESS) {
    mapped.call_error = "the answer is not JSON: " + excerpt(body, 120);
    return;
  }
  mapped.row_errors[0] = extract_item(document, rows.first, into);
}

// Fills one row's columns from a document or an object; why it cannot, or "".
template <class Container>
std::string AnswerMapper::extract_item(Container& item, std::int64_t row, table::AnswerColumns& into) {
  for (std::size_t c = 0; c < wanted_.size(); ++c) {
    const Wanted& wanted = wanted_[c];
    ondemand::value value;
    simdjson::error_code error;
    if constexpr (std::is_same_v<Container, ondemand::document>) {
      item.rewind();
      if (wanted.pointer.empty()) {
        std::string_view text;
        error = item.raw_json().get(text);
        if (!error && into.set_text(c, row, trimmed(text))) continue;
        return "the answer cannot be kept as JSON";
      }
      error = item.at_pointer(wanted.pointer).get(value);
    } else {
      static_cast<void>(item.reset());
      if (wanted.pointer.empty()) {
        std::string_view text;
        error = item.raw_json().get(text);
        bool json = wanted.type.id == table::TypeId::kJson;
        if (!error && json && into.set_text(c, row, trimmed(text))) continue;
        return json ? "the item cannot be kept as JSON" : "an object; expected " + wanted.type.text();
      }
      error = item.at_pointer(wanted.pointer).get(value);
    }
    if (error) {
      if (wanted.required) return shown_pointer(wanted.pointer) + ": nothing there; a value is required";
      into.set_null(c, row);
      continue;
    }
    std::string found;
    Stored stored = store(value, wanted.type, into, c, row, found);
    if (stored == Stored::kTooMuch) return "too much text for one batch; lower source.batch_size";
    if (stored == Stored::kNull && wanted.required)
      return shown_pointer(wanted.pointer) + ": null; a value is required";
    if (stored == Stored::kWrongType) {
      return shown_pointer(wanted.pointer) + ": " + found + "; expected " + wanted.type.text();
    }
  }
  return "";
}

// Items of an answer to several rows. First it is made sure that every item has its row; only then are
// cells filled, so that an answer never lands on another row.
void AnswerMapper::extract_many(std::string& body, RowSpan rows, const std::vector<std::string>& keys,
                                table::AnswerColumns& into, Mapped& mapped) {
  ondemand::document document;
  ondemand::array items;
  auto error = parsers_->ondemand.iterate(padded(body)).get(document);
  if (!error) {
    error = spec_.items.empty() ? document.get_array().get(items)
                                : document.at_pointer(spec_.items).get_array().get(items);
  }
  if (error) {
    mapped.call_error = shown_pointer(spec_.items) + ": no array of items is there";
    return;
  }
  std::vector<std::vector<int>> places;  // rows of the call, for each item
  mapped.call_error = spec_.match == MatchBy::kKey ? match_by_key(items, keys, places, mapped)
                                                   : match_by_position(items, rows.count, places);
  if (!mapped.call_error.empty()) return;
  static_cast<void>(items.reset());
  std::size_t index = 0;
  for (auto element : items) {
    ondemand::value item;
    if (element.get(item) != SUCCESS) {
      mapped.call_error = "a broken item";
      return;
    }
    extract_places(item, rows.first, places[index], into, [&](int place, const std::string& why) {
      mapped.row_errors[static_cast<std::size_t>(place)] = "item " + std::to_string(index + 1) + ": " + why;
    });
    ++index;
  }
}

// One item may serve several rows (of the same key); an item can be entered only once, but read again.
template <class Complain>
void AnswerMapper::extract_places(ondemand::value item, std::int64_t first, const std::vector<int>& places,
                                  table::AnswerColumns& into, Complain complain) {
  ondemand::object object;
  bool is_object = item.get_object().get(object) == SUCCESS;
  for (int place : places) {
    std::string why =
        is_object ? extract_item(object, first + place, into) : extract_scalar(item, first + place, into);
    if (!why.empty()) complain(place, why);
  }
}

std::string AnswerMapper::match_by_position(ondemand::array& items, int count,
                                            std::vector<std::vector<int>>& places) {
  std::size_t found = 0;
  if (items.count_elements().get(found) != SUCCESS) return "the array of items is broken";
  if (found != static_cast<std::size_t>(count)) {
    return std::to_string(found) + " items for " + std::to_string(count) + " rows; expected one for each";
  }
  for (int i = 0; i < count; ++i) places.push_back({i});
  return "";
}

std::string AnswerMapper::match_by_key(ondemand::array& items, const std::vector<std::string>& keys,
                                       std::vector<std::vector<int>>& places, Mapped& mapped) {
  std::unordered_map<std::string, std::vector<int>> wanted;
  for (std::size_t i = 0; i < keys.size(); ++i) wanted[keys[i]].push_back(static_cast<int>(i));
  std::unordered_set<std::string> seen;
  for (auto element : items) {
    ondemand::object item;
    ondemand::value value;
    std::optional<std::string> key;
    if (element.get_object().get(item) == SUCCESS &&
        item.at_pointer(spec_.match_pointer).get(value) == SUCCESS) {
      key = scalar_text(value);
    }
    if (!key) return "an item without " + spec_.match_pointer;
    auto rows = wanted.find(*key);
    if (rows == wanted.end())
      return "an item for key \"" + excerpt(*key, 60) + "\", which is not in the call";
    if (!seen.insert(*key).second) return "two items for key \"" + excerpt(*key, 60) + "\"";
    places.push_back(rows->second);
  }
  for (const auto& [key, rows] : wanted) {
    if (seen.contains(key)) continue;
    for (int row : rows)
      mapped.row_errors[static_cast<std::size_t>(row)] = "no item for key \"" + excerpt(key, 60) + "\"";
  }
  return "";
}

// An item that is the value itself, as in [0.5, 1.5].
std::string AnswerMapper::extract_scalar(ondemand::value item, std::int64_t row, table::AnswerColumns& into) {
  if (wanted_.size() != 1 || !wanted_[0].pointer.empty()) return "not an object";
  std::string found;
  Stored stored = store(item, wanted_[0].type, into, 0, row, found);
  if (stored == Stored::kTooMuch) return "too much text for one batch; lower source.batch_size";
  if (stored == Stored::kNull && wanted_[0].required) return "null; a value is required";
  return stored == Stored::kWrongType ? found + "; expected " + wanted_[0].type.text() : "";
}

void AnswerMapper::note_call(const Reply& reply, int attempts, RowSpan rows,
                             table::AnswerColumns& into) const {
  for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    if (status_ != SIZE_MAX) into.set_int(status_, row, reply.status);
    if (attempts_ != SIZE_MAX) into.set_int(attempts_, row, attempts);
    if (latency_ms_ != SIZE_MAX) into.set_double(latency_ms_, row, seconds(reply.latency()) * 1e3);
  }
}

}  // namespace rowcall::mapping
