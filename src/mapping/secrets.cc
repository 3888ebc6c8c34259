// SPDX-License-Identifier: Apache-2.0
#include "mapping/secrets.h"

#include <cstdlib>

#include "base/disk.h"
#include "base/try.h"
#include "settings/secrets.h"

namespace rowcall::mapping {

Result<std::string> fetch_secret(const SecretRef& secret, std::string_view setting) {
  std::string_view place = secret.place;
  std::string value;
  if (place.starts_with("env:")) {
    std::string name(place.substr(4));
    const char* text = std::getenv(name.c_str());
    if (text == nullptr || *text == '\0') {
      return failure({ErrorCode::kSetting, std::string(setting),
                      "the environment variable " + name + " is not set", "a value",
                      "Export it, or put it into .env."});
    }
    value = text;
  } else {
    std::string path(place.substr(place.starts_with("file:") ? 5 : 0));
    TRY(value, read_file(path));
    if (value.ends_with('\n')) value.pop_back();
    if (value.ends_with('\r')) value.pop_back();
  }
  bool clean = !value.empty();
  for (char c : value) clean = clean && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  if (!clean) {
    return failure(
        {ErrorCode::kSetting, std::string(setting),
         "the value in " + std::string(place) + " is empty or has line breaks or control characters",
         "one line of text", ""});
  }
  return value;
}

Result<std::vector<std::string>> secrets_of(const Job& job) {
  std::vector<std::string> values;
  const AuthSpec& auth = job.auth;
  struct Entry {
    AuthType type;
    const SecretRef& secret;
    const char* setting;
  };
  for (const Entry& entry : {Entry{AuthType::kBearer, auth.token, "auth.token"},
                             Entry{AuthType::kBasic, auth.username, "auth.username"},
                             Entry{AuthType::kBasic, auth.password, "auth.password"},
                             Entry{AuthType::kApiKeyHeader, auth.key, "auth.key"},
                             Entry{AuthType::kApiKeyQuery, auth.key, "auth.key"}}) {
    if (auth.type != entry.type) continue;
    TRY(std::string value, fetch_secret(entry.secret, entry.setting));
    values.push_back(std::move(value));
  }
  for (const auto& [name, value] : job.request.headers) {
    if (!settings::is_secret_place(value)) continue;
    TRY(std::string secret, fetch_secret(SecretRef{value}, "request.headers." + name));
    values.push_back(std::move(secret));
  }
  return values;
}

}  // namespace rowcall::mapping
