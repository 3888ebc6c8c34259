// SPDX-License-Identifier: Apache-2.0
#include "files/storage.h"

#include <arrow/filesystem/localfs.h>
#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/io_util.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/disk.h"
#include "base/encode.h"
#include "base/try.h"
#include "base/utf8.h"
#include "files/aws_config.h"
#include "files/file_layer.h"

namespace rowcall::files {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return has(text, part); });
}

// curl: the certificate did not check out, or the file of trusted ones could not be read.
bool not_trusted(std::string_view said) {
  return has_any(said, {"curlCode: 60,", "curlCode: 77,", "curlCode: 51,"});
}

// Tries of one storage request wait 50 ms, 100 ms, ... up to 5 s between each other: ten of them bridge a
// quarter of a minute, and a wrong endpoint is told before anybody loses patience. The SDK's own standard
// strategy takes 69 s for that.
class Retries final : public arrow::fs::S3RetryStrategy {
 public:
  explicit Retries(int attempts_max) : attempts_max_(attempts_max) {}

  bool ShouldRetry(const AWSErrorDetail& error, std::int64_t attempted_retries) override {
    if (not_trusted(error.message)) return false;
    return error.should_retry && attempted_retries + 1 < attempts_max_;
  }

  std::int64_t CalculateDelayBeforeNextRetry(const AWSErrorDetail&, std::int64_t attempted_retries) override {
    constexpr std::int64_t kFirstMs = 50;
    constexpr std::int64_t kLastMs = 5000;
    return std::min(kFirstMs << std::min<std::int64_t>(attempted_retries, 10), kLastMs);
  }

 private:
  int attempts_max_;
};

// Every store in use, by its settings.
struct Stores {
  std::mutex mutex;
  std::shared_ptr<arrow::fs::FileSystem> local;
  std::vector<std::pair<S3Spec, std::shared_ptr<arrow::fs::FileSystem>>> s3;
};

Stores& stores() {
  static Stores all;
  return all;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string first_of(std::initializer_list<std::string> texts) {
  for (const std::string& text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

bool is_loopback(std::string_view host) {
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

// What the SDK would find in the user's AWS profile; asked for here only beside an endpoint.
std::string region_of_profile() {
  std::string file = first_of({environment("AWS_CONFIG_FILE"), environment("HOME") + "/.aws/config"});
  auto config = read_file(file);
  if (!config) return {};
  return profile_region(*config, first_of({environment("AWS_PROFILE"), "default"}));
}

// The wheel's libraries look for trusted certificates where the system they were built on has them, which
// is not where Debian has them.
std::string trusted_certificates() {
  std::string named = first_of({environment("AWS_CA_BUNDLE"), environment("SSL_CERT_FILE")});
  if (!named.empty()) return named;
  std::error_code ignored;
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return {};
}

struct Endpoint {
  std::string scheme;
  std::string host;  // with port
};

Result<Endpoint> endpoint_of(const std::string& text) {
  std::string_view rest = text;
  Endpoint endpoint{"https", ""};
  if (rest.starts_with("http://")) endpoint.scheme = "http";
  if (auto at = rest.find("://"); at != std::string_view::npos) {
    if (endpoint.scheme == "https" && !rest.starts_with("https://")) rest = {};
    rest.remove_prefix(rest.empty() ? 0 : at + 3);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) {
    return failure({ErrorCode::kSetting, "s3.endpoint", "\"" + excerpt(text, 200) + "\"",
                    "an address such as \"http://127.0.0.1:9000\"", ""});
  }
  endpoint.host = rest;
  return endpoint;
}

Result<std::shared_ptr<arrow::fs::FileSystem>> connect(const S3Spec& spec) {
  std::string address =
      first_of({spec.endpoint, environment("AWS_ENDPOINT_URL_S3"), environment("AWS_ENDPOINT_URL")});
  std::string region = first_of({spec.region, environment("AWS_REGION"), environment("AWS_DEFAULT_REGION")});
  std::optional<Endpoint> endpoint;
  if (!address.empty()) {
    TRY(endpoint, endpoint_of(address));
    // The SDK would look for a region, and for credentials, at an address that only machines of AWS have.
    if (region.empty()) region = first_of({region_of_profile(), "us-east-1"});
    if (is_loopback(endpoint->host)) ::setenv("AWS_EC2_METADATA_DISABLED", "true", /*overwrite=*/0);
  }
  if (!region.empty()) ::setenv("AWS_REGION", region.c_str(), /*overwrite=*/0);

  Place all{true, "", first_of({address, "S3"})};
  if (arrow::Status started = start_s3(); !started.ok()) return failure(storage_error(started, all, "start"));
  arrow::fs::S3Options options =
      spec.anonymous ? arrow::fs::S3Options::Anonymous() : arrow::fs::S3Options::Defaults();
  if (endpoint) {
    options.endpoint_override = endpoint->host;
    options.scheme = endpoint->scheme;
  }
  options.region = region;
  options.tls_ca_file_path = trusted_certificates();
  options.connect_timeout = 3;
  options.retry_strategy = std::make_shared<Retries>(spec.attempts_max);
  // In the background, what is written is queued without bound.
  options.background_writes = false;
  auto made = arrow::fs::S3FileSystem::Make(options);
  if (!made.ok()) return failure(storage_error(made.status(), all, "connect"));
  return std::shared_ptr<arrow::fs::FileSystem>(*std::move(made));
}

// What Arrow and the SDK put into their texts. A HEAD request's errors have no more than their status.
Error s3_error(std::string_view said, std::string_view doing) {
  const std::string kCredentials =
      "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (or AWS_PROFILE), "
      "and that they may do this in the bucket.";
  Error error;
  error.found = "cannot " + std::string(doing) + ": ";
  if (has_any(said, {"EXPIRED_TOKEN", "ExpiredToken", "TokenRefreshRequired"})) {
    error.code = ErrorCode::kDenied;
    error.found += "the credentials have expired";
    error.mend = "Renew them, where AWS_PROFILE or AWS_SESSION_TOKEN has them; then run again to go on.";
  } else if (has_any(said, {"INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE",
                            "INVALID_CLIENT_TOKEN_ID", "InvalidAccessKeyId"})) {
    error.code = ErrorCode::kDenied;
    error.found += "the store does not know these credentials";
    error.mend = kCredentials;
  } else if (has_any(said, {"ACCESS_DENIED", "HTTP status 403", "MISSING_AUTHENTICATION_TOKEN"})) {
    error.code = ErrorCode::kDenied;
    error.found += "access denied";
    error.mend = kCredentials;
  } else if (has(said, "NO_SUCH_BUCKET")) {
    error.code = ErrorCode::kNotFound;
    error.found += "there is no such bucket";
    error.mend = "Check the bucket's name, s3.endpoint and s3.region.";
  } else if (has_any(said, {"NO_SUCH_KEY", "RESOURCE_NOT_FOUND", "does not exist", "HTTP status 404"})) {
    error.code = ErrorCode::kNotFound;
    error.found += "there is no such bucket or key";
    error.mend = "Check the name, s3.endpoint and s3.region.";
  } else if (has_any(said, {"HTTP status 301", "HTTP status 400", "PermanentRedirect", "region"})) {
    error.code = ErrorCode::kNetwork;
    error.found +=
        "the store refuses the request, as it does when the region is another one or the credentials have "
        "expired";
    error.mend =
        "Set s3.region (or AWS_REGION) to the bucket's region, and see that the credentials are new.";
  } else if (not_trusted(said)) {
    error.code = ErrorCode::kNetwork;
    error.found += "the store's certificate is not trusted";
    error.mend =
        "Check s3.endpoint; the certificates of a private authority go into a file that AWS_CA_BUNDLE names.";
  } else if (has_any(said, {"SLOW_DOWN", "SlowDown"})) {
    error.code = ErrorCode::kNetwork;
    error.found += "the store asks for fewer requests, again and again";
    error.mend = "Wait until others ask less of it, or raise s3.attempts_max; then run again to go on.";
  } else if (has_any(said, {"NETWORK_CONNECTION", "curlCode", "REQUEST_TIMEOUT", "SERVICE_UNAVAILABLE",
                            "INTERNAL_FAILURE", "HTTP status 5"})) {
    error.code = ErrorCode::kNetwork;
    error.found += "the store cannot be reached or does not answer properly";
    error.mend =
        "Check s3.endpoint (or AWS_ENDPOINT_URL), the network, and that the store is up; then run again to "
        "go on.";
  } else {
    error.code = ErrorCode::kStorage;
    error.found += "the store refuses it";
  }
  return error;
}

}  // namespace

Result<Place> place_of(std::string_view text) {
  Place place;
  place.shown = text;
  std::size_t at = text.find("://");
  bool has_scheme =
      at != std::string_view::npos && at > 0 &&
      text.substr(0, at).find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") == std::string_view::npos;
  if (!has_scheme) {
    place.path = text;
    return place;
  }
  std::string_view scheme = text.substr(0, at);
  std::string_view rest = text.substr(at + 3);
  if (scheme == "file") {
    if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
    if (!rest.starts_with('/')) {
      return failure({ErrorCode::kSetting, place.shown, "a file URI with a host or a relative path",
                      "file:///PATH", "Write the path alone, without file://."});
    }
    place.path = percent_decoded(rest);
    return place;
  }
  if (scheme != "s3") {
    return failure({ErrorCode::kSetting, place.shown, "the scheme " + std::string(scheme) + "://",
                    "a path, file:// or s3://BUCKET/KEY", ""});
  }
  if (rest.empty() || rest.starts_with('/')) {
    return failure({ErrorCode::kSetting, place.shown, "no bucket", "s3://BUCKET/KEY", ""});
  }
  place.s3 = true;
  place.path = rest;
  return place;
}

Result<std::shared_ptr<arrow::fs::FileSystem>> file_system(const Place& place, const S3Spec& s3) {
  Stores& all = stores();
  std::lock_guard lock(all.mutex);
  if (!place.s3) {
    if (!all.local) all.local = std::make_shared<arrow::fs::LocalFileSystem>();
    return all.local;
  }
  for (const auto& [spec, store] : all.s3) {
    if (spec == s3) return store;
  }
  TRY(auto store, connect(s3));
  all.s3.emplace_back(s3, store);
  return store;
}

void forget_file_systems() {
  std::lock_guard lock(stores().mutex);
  stores().local.reset();
  stores().s3.clear();
}

Error storage_error(const arrow::Status& status, const Place& place, std::string_view doing) {
  if (int number = arrow::internal::ErrnoFromStatus(status); number != 0 && !place.s3) {
    return disk_error(place.shown, doing, number);
  }
  std::string said = excerpt(status.message().substr(0, status.message().find('\n')), 400);
  Error error;
  if (status.IsOutOfMemory()) {
    error = {ErrorCode::kStorage, "", "cannot " + std::string(doing) + ": out of memory", "", ""};
  } else if (place.s3 && status.IsIOError()) {
    error = s3_error(said, doing);
  } else {
    error.code = has(said, "does not exist") ? ErrorCode::kNotFound : ErrorCode::kStorage;
    error.found = "cannot " + std::string(doing);
  }
  error.place = place.shown;
  error.found += " (" + said + ")";
  return error;
}

}  // namespace rowcall::files
