// SPDX-License-Identifier: Apache-2.0
#include "mapping/request_mapper.h"

#include <algorithm>

#include "rowcall/version.h"

#include "base/encode.h"
#include "base/parse.h"
#include "base/try.h"
#include "base/utf8.h"
#include "mapping/secrets.h"
#include "mapping/url.h"
#include "settings/secrets.h"

namespace rowcall::mapping {
namespace {

bool is_bodiless(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE";
}
// RFC 9110, section 9.2.2.
bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

bool is_token(std::string_view name) {
  constexpr std::string_view kExtra = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kExtra.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view value) {
  return std::ranges::any_of(
      value, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

Error bad_setting(std::string place, std::string found, std::string expected, std::string mend = "") {
  return {ErrorCode::kSetting, std::move(place), std::move(found), std::move(expected), std::move(mend)};
}

}  // namespace

Result<RequestMapper> RequestMapper::make(const Job& job, const table::RowReader& reader,
                                          const std::string& run_id) {
  RequestMapper mapper;
  const RequestSpec& request = job.request;
  mapper.many_rows_ = request.rows_per_call > 1;
  mapper.key_space_ = uuid5(kRowcallSpace, run_id);
  mapper.repeatable_ = is_idempotent(request.method) || request.idempotency != Idempotency::kNever;
  mapper.send_keys_ = request.idempotency == Idempotency::kKeys && !is_idempotent(request.method);
  TRY_VOID(mapper.make_endpoint(job));
  TRY_VOID(mapper.make_target(job, reader));
  TRY_VOID(mapper.make_headers(job, reader));
  TRY_VOID(mapper.make_body(job, reader));
  TRY_VOID(mapper.make_weight(job.limits, reader));
  if (mapper.many_rows_ && job.response.match == MatchBy::kKey) {
    mapper.match_column_ = reader.find(job.response.match_column);
    if (mapper.match_column_ < 0) {
      return failure(bad_setting("response.match_column", "no column \"" + job.response.match_column + "\"",
                                 "a column of the source"));
    }
  }
  return mapper;
}

Result<void> RequestMapper::make_weight(const LimitSpec& limits, const table::RowReader& reader) {
  weight_ = limits.weight;
  if (limits.weight_column.empty()) return {};
  weight_column_ = reader.find(limits.weight_column);
  if (weight_column_ < 0) {
    return failure(bad_setting("limits.weight_column", "no column \"" + limits.weight_column + "\"",
                               "a column of the source"));
  }
  for (const RateLimit& limit : limits.rate) {
    bool smaller = smallest_limit_.calls == 0 || limit.calls < smallest_limit_.calls;
    if (!limit.unweighted && smaller) smallest_limit_ = limit;
  }
  return {};
}

Result<std::int64_t> RequestMapper::weight_of(const table::RowReader& reader, std::int64_t row,
                                              int count) const {
  if (weight_column_ < 0) return weight_;
  constexpr std::int64_t kMost = 1'000'000;  // as for limits.weight
  std::int64_t sum = 0;
  for (std::int64_t i = row; i < row + count; ++i) {
    std::string text;
    reader.append_text(text, weight_column_, i);
    auto weight = parse_int(text);
    if (!weight || *weight < 1 || *weight > kMost) {
      return failure({ErrorCode::kInput, "limits.weight_column", "\"" + text + "\" as the weight of the row",
                      "a whole number from 1 to " + grouped(kMost), ""});
    }
    sum += *weight;
  }
  std::int64_t most = smallest_limit_.calls > 0 ? std::min(kMost, smallest_limit_.calls) : kMost;
  if (sum > most) {
    return failure({ErrorCode::kInput, "limits.weight_column", "a call that counts as " + grouped(sum),
                    "at most " + grouped(most) + ", as limits.rate allows",
                    "Lower request.rows_per_call, or the weight."});
  }
  return sum;
}

Result<void> RequestMapper::make_endpoint(const Job& job) {
  TRY(Url url, parse_url(job.request.url, "request.url"));
  if (!is_token(job.request.method)) {
    return failure(bad_setting("request.method", "\"" + job.request.method + "\"", "a method such as POST"));
  }
  endpoint_.tls = url.tls;
  endpoint_.host = url.host;
  endpoint_.port = url.port;
  endpoint_.method = job.request.method;
  authority_ = url.authority;
  return {};
}

Result<void> RequestMapper::make_target(const Job& job, const table::RowReader& reader) {
  TRY(Url url, parse_url(job.request.url, "request.url"));
  TRY(TextTemplate path, TextTemplate::make(url.target, Place::kUrl, reader, "request.url"));
  target_parts_.push_back(std::move(path));
  char separator = url.target.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : job.request.query) {
    std::string text(1, separator);
    append_percent(text, name);
    text += '=';
    // Fixed text in a value is encoded here; a marker is encoded when it is filled in.
    std::string_view rest = value;
    while (!rest.empty()) {
      std::size_t open = std::min(rest.find("{{"), rest.size());
      append_percent(text, rest.substr(0, open));
      rest.remove_prefix(open);
      std::size_t close = rest.empty() ? 0 : std::min(rest.find("}}") + 2, rest.size());
      text += rest.substr(0, close);
      rest.remove_prefix(close);
    }
    TRY(TextTemplate entry, TextTemplate::make(text, Place::kUrl, reader, "request.query." + name));
    target_parts_.push_back(std::move(entry));
    separator = '&';
  }
  if (job.auth.type == AuthType::kApiKeyQuery) {
    TRY(std::string key, secret(job.auth.key, "auth.key"));
    std::string name;
    append_percent(name, job.auth.name.empty() ? "api_key" : job.auth.name);
    secret_query_ = separator + name + "=";
    secret_query_shown_ = secret_query_ + std::string(kMask);
    append_percent(secret_query_, key);
  }
  for (const TextTemplate& part : target_parts_) {
    if (many_rows_ && part.has_columns()) {
      return failure(bad_setting(
          "request.url",
          "a {{column}} in the URL with rows_per_call = " + std::to_string(job.request.rows_per_call),
          "no column: one URL cannot serve several rows", "Put the columns into the body."));
    }
  }
  return {};
}

Result<Request> RequestMapper::health(const RequestSpec& spec) const {
  Url url;
  url.tls = endpoint_.tls;
  url.host = endpoint_.host;
  url.port = endpoint_.port;
  url.target = "/health";
  if (!spec.health_url.empty()) {
    TRY(url, parse_url(spec.health_url, "request.health_url"));
  }
  if (url.tls != endpoint_.tls || url.host != endpoint_.host || url.port != endpoint_.port) {
    return failure(
        bad_setting("request.health_url", "another host than that of request.url",
                    "the same scheme, host and port, since health checks use its connections",
                    "Ask the other one by itself: rowcall health. Or set request.health_every to 0s."));
  }
  Request request;
  request.method = "GET";
  request.target = url.target;
  if (!secret_query_.empty()) {
    request.target += url.target.find('?') == std::string::npos ? '?' : '&';
    request.target += secret_query_.substr(1);
  }
  return request;
}

Result<void> RequestMapper::make_headers(const Job& job, const table::RowReader& reader) {
  const RequestSpec& request = job.request;
  auto given = [&](std::string_view name) {
    return std::ranges::any_of(request.headers,
                               [&](const auto& h) { return equal_ignoring_case(h.first, name); });
  };
  add_fixed_header("Host", authority_, false);
  if (!given("User-Agent")) {
    add_fixed_header("User-Agent",
                     request.user_agent.empty() ? std::string("rowcall/") + kVersion : request.user_agent,
                     false);
  }
  if (!given("Accept")) add_fixed_header("Accept", "*/*", false);
  has_body_ = !request.body.empty() || !is_bodiless(request.method);
  if (has_body_ && !given("Content-Type")) add_fixed_header("Content-Type", request.content_type, false);
  TRY_VOID(make_auth(job.auth));
  for (const auto& [name, value] : request.headers) {
    std::string setting = "request.headers." + name;
    if (!is_token(name)) return failure(bad_setting(setting, "\"" + name + "\"", "a header name"));
    for (std::string_view ours :
         {"Host", "Content-Length", "Transfer-Encoding", "Connection", "Idempotency-Key"}) {
      bool own_keys = ours == "Idempotency-Key" && request.idempotency != Idempotency::kKeys;
      if (equal_ignoring_case(name, ours) && !own_keys) {
        return failure(bad_setting(setting, "\"" + name + "\"", "a header that rowcall does not set itself"));
      }
    }
    if (settings::is_secret_place(value)) {
      TRY(std::string text, secret(SecretRef{value}, setting));
      add_fixed_header(name, text, true);
      continue;
    }
    TRY(TextTemplate text, TextTemplate::make(value, Place::kHeader, reader, setting));
    if (has_control(value))
      return failure(bad_setting(setting, "a line break or control character", "one line"));
    if (text.is_fixed()) {
      add_fixed_header(name, text.fixed_text(), settings::is_secret_name(name));
    } else if (many_rows_) {
      return failure(
          bad_setting(setting, "a {{column}} in a header with several rows per call", "no column"));
    } else {
      headers_.emplace_back(name, std::move(text));
    }
  }
  return {};
}

Result<void> RequestMapper::make_auth(const AuthSpec& auth) {
  switch (auth.type) {
    case AuthType::kNone:
    case AuthType::kApiKeyQuery: return {};
    case AuthType::kBearer: {
      TRY(std::string token, secret(auth.token, "auth.token"));
      add_fixed_header("Authorization", "Bearer " + token, true);
      return {};
    }
    case AuthType::kBasic: {
      TRY(std::string user, secret(auth.username, "auth.username"));
      TRY(std::string password, secret(auth.password, "auth.password"));
      std::string encoded;
      append_base64(encoded, user + ":" + password);
      secrets_.push_back(encoded);
      add_fixed_header("Authorization", "Basic " + encoded, true);
      return {};
    }
    case AuthType::kApiKeyHeader: {
      TRY(std::string key, secret(auth.key, "auth.key"));
      add_fixed_header(auth.name.empty() ? "X-Api-Key" : auth.name, key, true);
      return {};
    }
  }
  return {};
}

Result<std::string> RequestMapper::secret(const SecretRef& reference, std::string_view setting) {
  TRY(std::string value, fetch_secret(reference, setting));
  secrets_.push_back(value);
  return value;
}

Result<void> RequestMapper::make_body(const Job& job, const table::RowReader& reader) {
  const RequestSpec& request = job.request;
  std::vector<int> columns;
  for (const std::string& name : request.columns) {
    TRY(TextTemplate known,
        TextTemplate::make("{{" + name + "}}", Place::kJsonBody, reader, "request.columns"));
    columns.push_back(reader.find(name));
  }
  if (columns.empty()) {
    for (int c = 0; c < reader.columns(); ++c) columns.push_back(c);
  }
  row_object_ = TextTemplate::json_object(columns, reader);
  body_is_json_ = lower(request.content_type).find("json") != std::string::npos;
  if (request.body.empty()) return {};
  body_is_template_ = true;
  Place place = body_is_json_ ? Place::kJsonBody : Place::kPlainBody;
  TRY(body_, TextTemplate::make(request.body, place, reader, "request.body"));
  if (many_rows_ && body_.has_columns()) {
    return failure(bad_setting("request.body",
                               "a {{column}} with rows_per_call = " + std::to_string(request.rows_per_call),
                               "{{*}}, which is the array of all rows of the call"));
  }
  return {};
}

void RequestMapper::add_fixed_header(std::string_view name, std::string_view value, bool secret) {
  endpoint_.fixed_headers.append(name).append(": ").append(value).append("\r\n");
  shown_headers_.append(name).append(": ").append(secret ? kMask : value).append("\n");
}

void RequestMapper::append_key(std::string& out, std::int64_t number, int count) const {
  std::string name = std::to_string(number);
  if (count > 1) name += "+" + std::to_string(count);
  append_uuid(out, uuid5(key_space_, name));
}

void RequestMapper::append_body(std::string& out, const table::RowReader& reader, std::int64_t row,
                                int count) const {
  if (!many_rows_) {
    if (body_is_template_) {
      body_.append(out, reader, row, &row_object_);
    } else {
      row_object_.append(out, reader, row);
    }
    return;
  }
  std::string rows = "[";
  for (int i = 0; i < count; ++i) {
    if (i != 0) rows += ',';
    row_object_.append(rows, reader, row + i);
  }
  rows += ']';
  if (!body_is_template_) {
    out += rows;
    return;
  }
  // The array stands in the place of {{*}}: the template has no other markers.
  body_.append_around(out, rows);
}

Result<Request> RequestMapper::render(const table::RowReader& reader, std::int64_t row, int count,
                                      std::int64_t number) const {
  Request request;
  TRY(request.weight, weight_of(reader, row, count));
  for (const TextTemplate& part : target_parts_) part.append(request.target, reader, row);
  request.target += secret_query_;
  for (const auto& [name, value] : headers_) {
    std::string text;
    value.append(text, reader, row);
    if (has_control(text)) {
      return failure({ErrorCode::kInput, "header " + name,
                      "the row's value has a line break or control character", "one line of text", ""});
    }
    request.header_lines.append(name).append(": ").append(text).append("\r\n");
  }
  if (send_keys_) {
    request.header_lines += "Idempotency-Key: ";
    append_key(request.header_lines, number, count);
    request.header_lines += "\r\n";
  }
  if (has_body_) {
    constexpr std::size_t kRowBytes = 256;  // room for a usual row: to grow there costs four allocations
    request.body.reserve(kRowBytes * static_cast<std::size_t>(count));
    append_body(request.body, reader, row, count);
  }
  if (!is_utf8(request.body)) {
    return failure({ErrorCode::kInput, "the body", "a text value that is not UTF-8", "UTF-8", ""});
  }
  return request;
}

std::vector<std::string> RequestMapper::match_keys(const table::RowReader& reader, std::int64_t row,
                                                   int count) const {
  std::vector<std::string> keys;
  if (match_column_ < 0) return keys;
  for (int i = 0; i < count; ++i) reader.append_text(keys.emplace_back(), match_column_, row + i);
  return keys;
}

std::string RequestMapper::shown(const Request& request) const {
  std::string target = request.target;
  if (!secret_query_.empty())
    target.replace(target.size() - secret_query_.size(), secret_query_.size(), secret_query_shown_);
  std::string out =
      endpoint_.method + " " + (endpoint_.tls ? "https://" : "http://") + authority_ + target + "\n";
  out += shown_headers_.substr(shown_headers_.find('\n') + 1);  // all but Host, which the first line shows
  for (char c : request.header_lines) {
    if (c != '\r') out += c;
  }
  if (has_body_) out.append("\n").append(excerpt(request.body, 2000)).append("\n");
  return out;
}

}  // namespace rowcall::mapping
