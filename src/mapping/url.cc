// SPDX-License-Identifier: Apache-2.0
#include "mapping/url.h"

#include "base/parse.h"

namespace rowcall::mapping {
namespace {

std::unexpected<Error> bad(std::string_view setting, std::string found, std::string expected,
                           std::string mend = "") {
  return failure(
      {ErrorCode::kSetting, std::string(setting), std::move(found), std::move(expected), std::move(mend)});
}

// Blanks and controls never stand in a target; inside {{...}} a blank is part of the marker.
bool has_bad_bytes(std::string_view target) {
  bool in_marker = false;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target.substr(i).starts_with("{{")) in_marker = true;
    if (target.substr(i).starts_with("}}")) in_marker = false;
    auto byte = static_cast<unsigned char>(target[i]);
    if (byte < 0x20 || byte == 0x7f || (byte == ' ' && !in_marker)) return true;
  }
  return false;
}

}  // namespace

Result<Url> parse_url(std::string_view text, std::string_view setting) {
  Url url;
  std::string_view rest;
  if (lower(text.substr(0, 8)) == "https://") {
    url.tls = true;
    rest = text.substr(8);
  } else if (lower(text.substr(0, 7)) == "http://") {
    rest = text.substr(7);
  } else {
    return bad(setting, "\"" + std::string(text.substr(0, 60)) + "\"",
               "a URL that begins with http:// or https://");
  }
  std::size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  std::string_view target = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  if (authority.find('@') != std::string_view::npos) {
    return bad(setting, "a user name or password inside the URL", "a URL without them",
               "Use the [auth] settings with env:NAME or file:PATH.");
  }
  if (authority.find("{{") != std::string_view::npos) {
    return bad(setting, "a {{column}} inside the host", "one fixed host for all calls", "");
  }
  if (target.find('#') != std::string_view::npos)
    return bad(setting, "a fragment (#...)", "a URL without one");
  if (has_bad_bytes(target)) {
    return bad(setting, "a blank or control character in the path", "percent-encoded text",
               "Write %20 for a blank.");
  }
  std::string_view host = authority;
  std::size_t colon = authority.rfind(':');
  if (authority.starts_with('[')) {
    std::size_t close = authority.find(']');
    if (close == std::string_view::npos)
      return bad(setting, "\"" + std::string(authority) + "\"", "[ADDRESS]:PORT");
    host = authority.substr(1, close - 1);
    colon = authority.find(':', close);
  } else {
    host = authority.substr(0, colon);
  }
  url.port = url.tls ? "443" : "80";
  if (colon != std::string_view::npos) {
    auto port = parse_int(authority.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) {
      return bad(setting, "port \"" + std::string(authority.substr(colon + 1)) + "\"",
                 "a number from 1 to 65535");
    }
    url.port = std::to_string(*port);
  }
  if (host.empty() || host.find_first_of(" \t\"<>\\^`|") != std::string_view::npos) {
    return bad(setting, "host \"" + std::string(host) + "\"", "a host name or address");
  }
  url.host = host;
  url.authority = authority;
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

}  // namespace rowcall::mapping
