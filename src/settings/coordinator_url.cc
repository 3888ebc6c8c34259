// SPDX-License-Identifier: Apache-2.0
#include "settings/coordinator_url.h"

#include <algorithm>

#include "base/encode.h"
#include "base/parse.h"
#include "settings/secrets.h"

namespace rowcall::settings {
namespace {

constexpr std::string_view kRedisPort = "6379";
constexpr int kDatabaseMax = 9999;
constexpr std::size_t kKeyMax = 200;

Complaint wrong(std::string found, std::string mend = {}) {
  return {.found = std::move(found), .expected = kCoordinatorForm, .mend = std::move(mend)};
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

// What stands before the first of `ends`; it is taken off the front of `text`.
std::string_view taken(std::string_view& text, std::string_view ends) {
  std::string_view front = text.substr(0, text.find_first_of(ends));
  text.remove_prefix(front.size());
  return front;
}

Verdict read_host_and_port(std::string_view authority, CoordinatorUrl& url) {
  if (authority.starts_with('[')) {
    auto close = authority.find(']');
    if (close == std::string_view::npos) return wrong("an IPv6 address without its closing bracket");
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return wrong("something behind an IPv6 address");
  } else {
    url.host = taken(authority, ":");
  }
  if (url.host.empty()) return wrong("no host");
  url.port = authority.empty() ? "" : authority.substr(1);
  if (url.port.empty() && url.redis) url.port = kRedisPort;
  if (url.port.empty()) return wrong("no port", "A coordinator tells its port when it starts.");
  bool digits = std::ranges::all_of(url.port, [](char c) { return c >= '0' && c <= '9'; });
  auto number = digits ? parse_int(url.port) : std::nullopt;
  if (!number || *number < 1 || *number > 65535) return wrong("a port that is no number from 1 to 65535");
  return std::nullopt;
}

Verdict read_redis_rest(std::string_view rest, CoordinatorUrl& url) {
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    std::string_view database = taken(rest, "?");
    auto number = database.empty() ? 0 : parse_int(database);
    if (!number || *number < 0 || *number > kDatabaseMax) return wrong("a database that is no number");
    url.database = static_cast<int>(*number);
  }
  if (rest.starts_with("?key=")) {
    url.key = percent_decoded(rest.substr(5));
    if (url.key.empty() || url.key.size() > kKeyMax || has_control(url.key) || url.key.contains('&'))
      return wrong("an unusable key", "A key is a short name such as scoring-api.");
  } else if (!rest.empty()) {
    return wrong("something behind the database that is no \"?key=NAME\"");
  }
  return std::nullopt;
}

}  // namespace

std::string CoordinatorUrl::shown() const {
  std::string at = (host.contains(':') ? "[" + host + "]" : host) + ":" + port;
  return redis ? "redis://" + at + "/" + std::to_string(database) : "tcp://" + at;
}

Read<CoordinatorUrl> read_coordinator_url(std::string_view text) {
  CoordinatorUrl url;
  if (has_control(text)) return complain(wrong("a blank or a control character"));
  if (text.starts_with("rediss://")) {
    return complain(wrong("\"rediss://\": Redis over TLS, which is not spoken here",
                          "Use redis:// in a network that is trusted, or through a tunnel."));
  }
  url.redis = text.starts_with("redis://");
  if (!url.redis && !text.starts_with("tcp://")) return complain(wrong("another scheme, or none"));
  std::string_view rest = text.substr(url.redis ? 8 : 6);
  std::string_view authority = taken(rest, "/?#");
  if (auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (!url.redis) return complain(wrong("a user or password, which is not shown here", "Leave it out."));
    std::string_view who = authority.substr(0, at);
    url.user = percent_decoded(taken(who, ":"));
    if (!who.empty()) url.password = percent_decoded(who.substr(1));
    authority.remove_prefix(at + 1);
  }
  if (auto complaint = read_host_and_port(authority, url)) return complain(*std::move(complaint));
  if (url.redis) {
    if (auto complaint = read_redis_rest(rest, url)) return complain(*std::move(complaint));
  } else if (!rest.empty()) {
    return complain(wrong("something behind the port", "Leave it out."));
  }
  return url;
}

Verdict check_coordinator(std::string_view text) {
  if (text.starts_with("env:")) return check_secret_place(text);
  auto url = read_coordinator_url(text);
  if (!url) return std::move(url).error();
  if (url->password.empty()) return std::nullopt;
  return wrong("a password in clear, which is not shown here",
               "Set limits.coordinator_secret to \"env:NAME\", or put the whole URL into .env as "
               "RATE_COORDINATOR.");
}

}  // namespace rowcall::settings
