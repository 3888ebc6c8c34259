// SPDX-License-Identifier: Apache-2.0
#include "settings/url_check.h"

#include <algorithm>
#include <string>

#include "base/encode.h"
#include "base/json_text.h"
#include "base/parse.h"
#include "base/utf8.h"
#include "settings/secrets.h"

namespace rowcall::settings {
namespace {

constexpr const char* kUrlForm = "a URL such as \"https://api.example.com/v1/score\"";

struct Parts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view query;
};

// No more than the checks need. A "://" behind the first "/" or "?" belongs to the path or the query.
Parts parts_of(std::string_view url) {
  Parts parts;
  auto colon = url.find_first_of(":/?#");
  if (colon == std::string_view::npos || !url.substr(colon).starts_with("://")) return parts;
  parts.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(colon + 3);
  auto end = std::min(rest.find_first_of("/?#"), rest.size());
  parts.authority = rest.substr(0, end);
  rest.remove_prefix(end);
  auto mark = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, mark);
  if (mark < rest.size()) parts.query = rest.substr(mark + 1);
  return parts;
}

Complaint wrong(std::string found, std::string mend = {}) {
  return {.found = std::move(found), .expected = kUrlForm, .mend = std::move(mend)};
}

// Quoted, as long as no secret can stand in it.
std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, excerpt(text, 60));
  return out;
}

Verdict check_host(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  auto colon = authority.rfind(':');
  bool bracketed = authority.starts_with('[');
  if (colon != std::string_view::npos && (!bracketed || authority.find(']') < colon)) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    auto number = parse_int(port);
    if (!number || *number < 1 || *number > 65535) {
      return wrong("the port " + quoted(port), "A port is a number from 1 to 65535.");
    }
  }
  if (host.empty()) return wrong("no host");
  auto fits = [&](char c) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                 c == '-' || c == '_';
    return plain || (bracketed && (c == '[' || c == ']' || c == ':'));
  };
  bool closed = !bracketed || (host.ends_with(']') && host.size() > 2);
  if (!closed || !std::ranges::all_of(host, fits)) return wrong("the host " + quoted(host));
  return std::nullopt;
}

Verdict check_query_of(std::string_view query) {
  for (std::string_view pair : split(query, '&')) {
    auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    auto verdict = check_query(percent_decoded(pair.substr(0, equals)), pair.substr(equals + 1));
    if (verdict) return verdict;
  }
  return std::nullopt;
}

}  // namespace

Verdict check_url(std::string_view url) {
  if (url.empty()) return wrong("an empty text");
  auto space = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  // Blanks inside a template marker are the template's own.
  std::string outside;
  for (std::size_t i = 0; i < url.size(); ++i) {
    auto close = url.substr(i).starts_with("{{") ? url.find("}}", i) : std::string_view::npos;
    if (close != std::string_view::npos)
      i = close + 1;
    else
      outside += url[i];
  }
  if (std::ranges::any_of(outside, space))
    return wrong("a blank or a control character", "Write a blank as %20.");
  Parts parts = parts_of(url);
  if (parts.authority.contains('@')) {
    return wrong("a user name or password in the URL, which is not shown here",
                 "Take it out of the URL, and use the settings of [auth].");
  }
  if (parts.scheme.contains("{{") || parts.authority.contains("{{") || url.starts_with("{{")) {
    return wrong("a template marker in front of the path",
                 "Scheme, host and port have to be fixed: they say where the calls, and the secrets, go.");
  }
  std::string scheme = lower(parts.scheme);
  if (scheme.empty()) return wrong("no \"http://\" or \"https://\" at the beginning");
  if (scheme != "http" && scheme != "https") return wrong("the scheme " + quoted(parts.scheme));
  if (auto verdict = check_host(parts.authority)) return verdict;
  if (outside.contains('#'))
    return wrong("a fragment (\"#\")", "Servers never see it: leave it out, or write %23.");
  return check_query_of(parts.query);
}

Verdict check_endpoint(std::string_view url) {
  auto verdict = check_url(url);
  Parts parts = parts_of(url);
  if (!verdict && (url.contains('?') || url.contains("{{") || parts.path.size() > 1))
    verdict = wrong("more than scheme, host and port");
  if (verdict) verdict->expected = "a URL such as \"http://127.0.0.1:9000\"";
  return verdict;
}

Verdict check_table_path(std::string_view path) {
  constexpr const char* form = "\"s3://BUCKET/KEY\", or a path";
  if (path.empty()) return Complaint{.found = "an empty text", .expected = form};
  auto colon = path.find("://");
  if (colon == std::string_view::npos) return check_path(path);
  if (lower(path.substr(0, colon)) != "s3") {
    bool file = lower(path.substr(0, colon)) == "file";
    return Complaint{.found = "the scheme " + quoted(path.substr(0, colon)),
                     .expected = form,
                     .mend = file ? "Write the path alone."
                                  : "Other stores are not known here: copy the table to S3 or to a disk."};
  }
  std::string_view rest = path.substr(colon + 3);
  std::string_view bucket = rest.substr(0, rest.find('/'));
  if (bucket.contains('@') || bucket.contains(':')) {
    return Complaint{.found = "access keys in the URI, which are not shown here",
                     .expected = form,
                     .mend = "Credentials come from the AWS chain: environment, profile or instance role."};
  }
  if (bucket.empty()) return Complaint{.found = "an s3:// URI without a bucket", .expected = form};
  return std::nullopt;
}

}  // namespace rowcall::settings
