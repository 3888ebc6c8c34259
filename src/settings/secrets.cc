// SPDX-License-Identifier: Apache-2.0
#include "settings/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "base/parse.h"

namespace rowcall::settings {
namespace {

constexpr std::array<std::string_view, 13> kSecretWords = {
    "token",  "key",       "secret", "password",   "passwd", "passphrase",    "pwd",
    "cookie", "signature", "sig",    "credential", "auth",   "authorization",
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

// "xApiKey" and "x-api-key" are x, api, key.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    bool capital = name[i] >= 'A' && name[i] <= 'Z';
    bool after_small = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    if (!is_letter(name[i]) || (capital && after_small)) words.emplace_back();
    if (is_letter(name[i])) words.back() += lower(name.substr(i, 1));
  }
  return words;
}

// Empty text, "{{token}}" or "Bearer {{token}}": whatever is secret here comes from the row.
bool is_all_template(std::string_view text) {
  std::string rest;
  for (;;) {
    auto open = text.find("{{");
    rest += text.substr(0, open);
    if (open == std::string_view::npos) break;
    auto close = text.find("}}", open);
    if (close == std::string_view::npos) return false;
    text.remove_prefix(close + 2);
  }
  std::string word = lower(trimmed(rest));
  return word.empty() || word == "bearer" || word == "basic" || word == "token";
}

bool carries_scheme(std::string_view value) {
  std::string start = lower(value.substr(0, 7));
  return start.starts_with("bearer ") || start.starts_with("basic ");
}

Complaint in_clear(std::string mend) {
  return {.found = "a secret in clear, which is not shown here",
          .expected = kSecretForm,
          .mend = std::move(mend)};
}

// What rowcall writes itself; a second one of these would contradict it.
std::string_view setting_instead_of(std::string_view header) {
  struct Own {
    std::string_view header;
    std::string_view instead;
  };
  static constexpr std::array<Own, 6> own = {
      {{"content-type", "Set request.content_type instead."},
       {"user-agent", "Set request.user_agent instead."},
       {"content-length", "rowcall writes it itself; leave it out."},
       {"transfer-encoding", "rowcall writes it itself; leave it out."},
       {"connection", "rowcall writes it itself; leave it out."},
       {"host", "rowcall takes it from request.url; leave it out."}}};
  for (const Own& each : own) {
    if (equal_ignoring_case(each.header, header)) return each.instead;
  }
  return {};
}

}  // namespace

const char* const kSecretForm =
    "\"env:NAME\" (an environment variable) or \"file:PATH\" (a file that holds it)";

bool is_secret_name(std::string_view name) {
  for (const std::string& word : words_of(name)) {
    for (std::string_view secret : kSecretWords) {
      // Short words are the end of too many harmless ones.
      if (word == secret ||
          (secret.size() > 2 && secret != "sig" && secret != "auth" && word.ends_with(secret))) {
        return true;
      }
    }
  }
  return false;
}

std::string_view environment_name(std::string_view place) {
  if (!place.starts_with("env:")) return {};
  std::string_view name = place.substr(4);
  auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
  if (name.empty() || is_digit(name.front()) || !std::ranges::all_of(name, fits)) return {};
  return name;
}

bool is_secret_place(std::string_view text) {
  if (text.starts_with("file:")) return text.size() > 5 && std::ranges::none_of(text, is_control);
  return !environment_name(text).empty();
}

Verdict check_secret_place(std::string_view text) {
  if (is_secret_place(text)) return std::nullopt;
  if (text.starts_with("env:")) {
    return Complaint{.found = "\"env:\" and something that is no variable's name",
                     .expected = "letters, digits and \"_\", as in \"env:API_TOKEN\""};
  }
  return in_clear(
      "Put the secret into an environment variable or into .env, and write env: and its name here.");
}

Verdict check_header_name(std::string_view name) {
  auto fits = [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").contains(c);
  };
  if (!name.empty() && std::ranges::all_of(name, fits)) return std::nullopt;
  return Complaint{.found = "a header name with a character that cannot stand in one",
                   .expected = "letters, digits and \"-\", as in \"Accept-Language\""};
}

Verdict check_header_text(std::string_view text) {
  if (std::ranges::none_of(text, is_control)) return std::nullopt;
  return Complaint{.found = "a line break or another control character", .expected = "text on one line"};
}

Verdict check_header(const std::string& name, std::string_view value) {
  if (auto wrong = check_header_name(name)) return wrong;
  if (auto wrong = check_header_text(value)) return wrong;
  if (auto instead = setting_instead_of(name); !instead.empty()) {
    return Complaint{
        .found = "a header that rowcall writes", .expected = "another header", .mend = std::string(instead)};
  }
  if (value.starts_with("env:") || value.starts_with("file:")) return check_secret_place(value);
  bool key_of_call = equal_ignoring_case(name, "Idempotency-Key");
  bool suspect = (is_secret_name(name) && !key_of_call) || carries_scheme(value);
  if (!suspect || is_all_template(value)) return std::nullopt;
  return in_clear(
      "Put the whole value into an environment variable or into .env, and write env: and its name here; or "
      "use "
      "the settings of [auth].");
}

Verdict check_query(const std::string& name, std::string_view value) {
  if (!is_secret_name(name) || is_all_template(value)) return std::nullopt;
  Complaint complaint =
      in_clear("Set auth.type = \"api_key_query\", auth.name to the parameter's name and auth.key.");
  if (can_be_shown(name))
    complaint.found = "the parameter " + name + " with a secret in clear, which is not shown here";
  complaint.expected = "no secret in the query";
  return complaint;
}

Verdict check_path(std::string_view text) {
  if (text.find("-----BEGIN") == std::string_view::npos && std::ranges::none_of(text, is_control))
    return std::nullopt;
  return Complaint{.found = "what seems to be the content of a file, which is not shown here",
                   .expected = "the path of the file",
                   .mend = "Put the content into a file that only you can read, and write its path here."};
}

}  // namespace rowcall::settings
