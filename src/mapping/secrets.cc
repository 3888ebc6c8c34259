// SPDX-License-Identifier: Apache-2.0
#include "mapping/secrets.h"

#include <cstdlib>

#include "base/disk.h"
#include "base/encode.h"
#include "base/parse.h"
#include "base/try.h"
#include "mapping/url.h"
#include "settings/coordinator_url.h"
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

namespace {

// The whole URL: the setting's, or that of the variable it names.
Result<std::string> coordinator_url(const std::string& setting) {
  if (!setting.starts_with("env:")) return setting;
  return fetch_secret(SecretRef{setting}, "limits.coordinator");
}

Result<settings::CoordinatorUrl> parsed(const std::string& text) {
  auto url = settings::read_coordinator_url(text);
  if (url) return *std::move(url);
  return failure(
      {ErrorCode::kSetting, "limits.coordinator", url.error().found, url.error().expected, url.error().mend});
}

}  // namespace

Result<Cluster> cluster_of(const Job& job) {
  Cluster cluster;
  if (job.limits.coordinator.empty()) return cluster;
  TRY(cluster.coordinator, coordinator_url(job.limits.coordinator));
  TRY(settings::CoordinatorUrl url, parsed(cluster.coordinator));
  if (!job.limits.coordinator_secret.empty()) {
    TRY(cluster.secret, fetch_secret(job.limits.coordinator_secret, "limits.coordinator_secret"));
  } else if (!url.redis) {
    return failure({ErrorCode::kSetting, "limits.coordinator_secret", "none",
                    "the secret that the coordinator at " + url.shown() + " was started with",
                    "Put it into .env as RATE_COORDINATOR_SECRET."});
  }
  if (url.redis && url.key.empty()) {
    TRY(Url api, parse_url(job.request.url, "request.url"));
    cluster.coordinator += "?key=";
    append_percent(cluster.coordinator, lower(api.host) + ":" + api.port);
  }
  return cluster;
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
  TRY(Cluster cluster, cluster_of(job));
  if (!cluster.secret.empty()) values.push_back(cluster.secret);
  if (!cluster.coordinator.empty()) {
    TRY(settings::CoordinatorUrl url, parsed(cluster.coordinator));
    if (!url.password.empty()) values.push_back(url.password);
  }
  return values;
}

}  // namespace rowcall::mapping
