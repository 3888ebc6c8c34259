// SPDX-License-Identifier: Apache-2.0
#include "settings/check.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/parse.h"
#include "base/try.h"
#include "settings/rate_text.h"
#include "settings/setting.h"

namespace rowcall::settings {
namespace {

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

// Collects the first claim that does not hold.
class Claims {
 public:
  explicit Claims(const Places& places) : places_(places) {}

  /// `key` is the setting to change.
  void claim(bool holds, std::string_view key, std::string found, std::string expected, std::string mend) {
    if (holds || error_) return;
    error_ =
        Error{ErrorCode::kSetting, places_.of(key), std::move(found), std::move(expected), std::move(mend)};
  }
  /// The first of these settings that was written anywhere, for claims about several.
  std::string_view written(std::initializer_list<std::string_view> keys) const {
    auto found = std::ranges::find_if(keys, [&](std::string_view key) { return places_.has(key); });
    return found == keys.end() ? *keys.begin() : *found;
  }
  bool all_written(std::initializer_list<std::string_view> keys) const {
    return std::ranges::all_of(keys, [&](std::string_view key) { return places_.has(key); });
  }
  Result<void> verdict() && {
    if (error_) return failure(*std::move(error_));
    return {};
  }

 private:
  const Places& places_;
  std::optional<Error> error_;
};

bool is_standard(const std::vector<std::string>& paths) {
  return std::ranges::find(paths, "-") != paths.end();
}

void check_source(const Job& job, Brought brought, Claims& claims) {
  const SourceSpec& source = job.source;
  claims.claim(brought.source || !source.paths.empty(), "source.path", "no source", "a table to read",
               "Set source.path in the job file, S3_BUCKET and S3_KEY in .env, or give --from.");
  claims.claim(std::ranges::find(source.paths, "") == source.paths.end(), "source.path", "an empty path",
               "a path", "");
  bool standard = is_standard(source.paths);
  claims.claim(!standard || source.paths.size() == 1, "source.path",
               "standard input (\"-\") among other paths", "\"-\" alone", "Read it in a run of its own.");
  bool lines = source.format == FileFormat::kCsv || source.format == FileFormat::kNdjson ||
               source.format == FileFormat::kJson;
  claims.claim(!standard || lines, claims.written({"source.format", "source.path"}),
               "standard input as the source, and source.format = " + quoted(name_of(source.format)),
               "\"csv\", \"ndjson\" or \"json\"",
               "Standard input has no name to tell the format; give --from-format.");
  claims.claim(source.compression != Compression::kSnappy, "source.compression", "\"snappy\"",
               "\"auto\", \"none\", \"gzip\" or \"zstd\"",
               "Parquet files say themselves how they are compressed.");
  claims.claim(source.delimiter != source.quote, "source.quote", "the same character as source.delimiter",
               "another one", "");
  claims.claim(source.column_names.empty() || !source.header, "source.column_names",
               "column names, while the first line of the file is said to hold them", "one or the other",
               "Set source.header = false if the file has no such line.");
}

void check_request(const Job& job, Claims& claims) {
  const RequestSpec& request = job.request;
  claims.claim(!request.url.empty(), "request.url", "no URL", "where to send the calls",
               "Set request.url in the job file, API_ENDPOINT in .env, or give --url.");
  claims.claim(request.client_cert.empty() || !request.client_key.empty(), "request.client_cert",
               "a certificate without its key", "request.client_key as well", "");
  claims.claim(request.client_key.empty() || !request.client_cert.empty(), "request.client_key",
               "a key without its certificate", "request.client_cert as well", "");
  bool auth_header = job.auth.type == AuthType::kBearer || job.auth.type == AuthType::kBasic;
  for (const auto& [name, value] : request.headers) {
    std::string key = "request.headers." + name;
    claims.claim(!auth_header || !equal_ignoring_case(name, "Authorization"), key,
                 "an Authorization header, and auth.type = " +
                     quoted(job.auth.type == AuthType::kBasic ? "basic" : "bearer"),
                 "one of them", "Leave one out: both write the same header.");
    std::string_view key_header = job.auth.name.empty() ? "X-Api-Key" : std::string_view(job.auth.name);
    claims.claim(job.auth.type != AuthType::kApiKeyHeader || !equal_ignoring_case(name, key_header), key,
                 "the header that auth.type = \"api_key_header\" writes", "one of them",
                 "Leave one out: both write the same header.");
    claims.claim(request.idempotency != Idempotency::kKeys || !equal_ignoring_case(name, "Idempotency-Key"),
                 key, "an Idempotency-Key header, and request.idempotency = \"keys\"", "one of them",
                 "Set request.idempotency = \"safe\" to send keys of your own.");
  }
}

void check_auth(const AuthSpec& auth, Claims& claims) {
  struct Part {
    const char* key;
    const SecretRef& place;
    bool needed;
  };
  bool key_type = auth.type == AuthType::kApiKeyHeader || auth.type == AuthType::kApiKeyQuery;
  static const Setting& type = *find("auth.type");
  std::string type_text = quoted(type.choices[static_cast<std::size_t>(auth.type)]);
  for (const Part& part : {Part{"auth.token", auth.token, auth.type == AuthType::kBearer},
                           Part{"auth.username", auth.username, auth.type == AuthType::kBasic},
                           Part{"auth.password", auth.password, auth.type == AuthType::kBasic},
                           Part{"auth.key", auth.key, key_type}}) {
    claims.claim(!part.needed || !part.place.empty(), "auth.type", type_text + " without " + part.key,
                 std::string(part.key) + " as well", std::string("Set ") + part.key + " = \"env:NAME\".");
    claims.claim(part.needed || part.place.empty(), part.key,
                 "a setting that auth.type = " + type_text + " does not use", "the type that uses it",
                 "Set auth.type, or leave this out.");
  }
  claims.claim(key_type || auth.name.empty(), "auth.name",
               "a setting that auth.type = " + type_text + " does not use",
               "auth.type = \"api_key_header\" or \"api_key_query\"", "Set auth.type, or leave this out.");
}

void check_response(const Job& job, Claims& claims) {
  const ResponseSpec& response = job.response;
  bool by_key = response.match == MatchBy::kKey;
  claims.claim(
      !by_key || (!response.match_column.empty() && !response.match_pointer.empty()), "response.match",
      "\"key\" without response.match_column or response.match_pointer", "both",
      "Name the input column that holds the key, and the pointer to the key in an item of the answer.");
  claims.claim(by_key || response.match_column.empty(), "response.match_column",
               "a setting that response.match = \"position\" does not use", "response.match = \"key\"",
               "Set response.match, or leave this out.");
  claims.claim(by_key || response.match_pointer.empty(), "response.match_pointer",
               "a setting that response.match = \"position\" does not use", "response.match = \"key\"",
               "Set response.match, or leave this out.");
  for (const auto& [name, added] :
       {std::pair{"raw", response.raw}, std::pair{"status", response.status},
        std::pair{"attempts", response.attempts}, std::pair{"latency_ms", response.latency_ms}}) {
    claims.claim(
        !added || std::ranges::find(response.columns, name, &ResponseColumn::name) == response.columns.end(),
        std::string("response.columns.") + name,
        std::string("a column of the name that response.") + name + " = true adds", "another name", "");
  }
  claims.claim(!job.classify.success.empty(), "classify.success", "an empty list", "at least one status",
               "Without one, every answer would count as a failure.");
}

void check_limits(const Job& job, Claims& claims) {
  const LimitSpec& limits = job.limits;
  claims.claim(!limits.find_rate || limits.adaptive, claims.written({"limits.rate", "limits.adaptive"}),
               "limits.rate = \"auto\", and limits.adaptive = false", "limits.adaptive = true",
               "It is the adaptive control that finds a rate.");
  claims.claim(
      limits.coordinator.empty() || !limits.rate.empty(),
      claims.written({"limits.coordinator", "limits.rate"}),
      std::string("a coordinator, and limits.rate = \"") + (limits.find_rate ? "auto\"" : "unlimited\""),
      "a limit to share", "Set limits.rate, the same for all runs.");
  claims.claim(!limits.coordinator.starts_with("tcp:") || !limits.coordinator_secret.empty(),
               "limits.coordinator", "a coordinator, and no limits.coordinator_secret", "both",
               "Put the secret it was started with into .env as RATE_COORDINATOR_SECRET.");
  claims.claim(limits.weight == 1 || limits.weight_column.empty(),
               claims.written({"limits.weight", "limits.weight_column"}),
               "limits.weight = " + std::to_string(limits.weight) + ", and limits.weight_column",
               "one or the other", "A column says by itself what its row counts as.");
  for (const RateLimit& limit : limits.rate) {
    claims.claim(limit.unweighted || limits.weight <= limit.calls,
                 claims.written({"limits.weight", "limits.rate"}),
                 "limits.weight = " + std::to_string(limits.weight) + ", and a limit of " + rate_text(limit),
                 "a weight within every limit", "Such a call could never be sent.");
    claims.claim(!limit.renewal || job.run.call_log, claims.written({"run.call_log", "limits.rate"}),
                 "run.call_log = false, and a limit of " + rate_text(limit), "run.call_log = true",
                 "The call log tells a resumed run how much of the quota is used.");
  }
  std::int64_t calls = limits.in_flight_max;
  std::string_view which = "limits.in_flight_max";
  if (job.run.mode == Mode::kSync) {
    claims.claim(limits.in_flight_max == 0 || limits.in_flight_max >= job.run.workers,
                 claims.written({"run.workers", "limits.in_flight_max"}),
                 "run.workers = " + std::to_string(job.run.workers) +
                     ", and limits.in_flight_max = " + std::to_string(limits.in_flight_max),
                 "at most as many workers as calls in flight",
                 "Lower run.workers, or leave limits.in_flight_max out.");
    calls = job.run.workers;
    which = "run.workers";
  }
  claims.claim(job.request.rows_per_call <= limits.rows_held_max,
               claims.written({"request.rows_per_call", "limits.rows_held_max"}),
               "request.rows_per_call = " + std::to_string(job.request.rows_per_call) +
                   ", and limits.rows_held_max = " + std::to_string(limits.rows_held_max),
               "at least one call's rows held", "Raise limits.rows_held_max.");
  // A window smaller than the calls it should feed only slows a run down: an error if it was asked for.
  std::int64_t rows = calls * job.request.rows_per_call;
  claims.claim(rows <= limits.rows_held_max || !claims.all_written({which, "limits.rows_held_max"}),
               "limits.rows_held_max",
               std::to_string(limits.rows_held_max) + ", while " + std::string(which) +
                   " and request.rows_per_call need " + std::to_string(rows),
               "at least that many", "Raise limits.rows_held_max, or lower the others.");
}

void check_retry(const Job& job, Claims& claims) {
  struct Pair {
    const char* least;
    Duration least_time;
    const char* most;
    Duration most_time;
  };
  // When only one of them was set, the longer one merely has no effect.
  for (const Pair& pair :
       {Pair{"retry.base", job.retry.base, "retry.cap", job.retry.cap},
        Pair{"retry.throttled_base", job.retry.throttled_base, "retry.cap", job.retry.cap},
        Pair{"breaker.open", job.breaker.open, "breaker.open_max", job.breaker.open_max}}) {
    claims.claim(pair.least_time <= pair.most_time || !claims.all_written({pair.least, pair.most}),
                 pair.least, duration_text(pair.least_time),
                 std::string("at most ") + pair.most + ", which is " + duration_text(pair.most_time), "");
  }
  bool repeats = job.retry.max_attempts > 1;
  claims.claim(!repeats || job.retry.budget_share > 0 || job.retry.budget_per_s > 0, "retry.budget",
               "0%, and retry.budget_per_s = 0", "one of them above zero",
               "A retry would wait for ever. Set retry.max_attempts = 1 for no retries at all.");
  claims.claim(job.breaker.failure_share > 0, "breaker.failure_share", "0%", "a share above zero",
               "Set breaker.enabled = false to do without a breaker.");
}

void check_sink(const Job& job, Claims& claims) {
  const SinkSpec& sink = job.sink;
  bool lines = sink.format == FileFormat::kCsv || sink.format == FileFormat::kNdjson;
  claims.claim(sink.path != "-" || lines, claims.written({"sink.format", "sink.path"}),
               "standard output as the sink, and sink.format = " + quoted(name_of(sink.format)),
               "\"csv\" or \"ndjson\"", "Give --to-format, or write to a file.");
  bool parquet = sink.format == FileFormat::kParquet || sink.format == FileFormat::kAuto;
  claims.claim(sink.compression != Compression::kSnappy || parquet, "sink.compression",
               "\"snappy\" with sink.format = " + quoted(name_of(sink.format)),
               "\"auto\", \"none\", \"gzip\" or \"zstd\"", "Snappy is for Parquet only.");
  bool same = sink.path != "-" && !sink.path.empty() &&
              std::ranges::find(job.source.paths, sink.path) != job.source.paths.end();
  claims.claim(!same, "sink.path", "a path that source.path reads", "another path",
               "A table is never written over the one it is made from.");
}

// Also for a job that was put together by hand: what a setting refuses must not come in by another door.
Result<void> check_each(const Job& job, const Places& places) {
  Job scratch;
  for (const Setting& setting : all()) {
    Verdict wrong = judge(scratch, Target{&setting, {}}, setting.get(job));
    if (!wrong) continue;
    return failure(error_of(*std::move(wrong), Place{places.of(setting.key), true}, setting.key, 0));
  }
  return {};
}

}  // namespace

Result<void> check(const Job& job, const Places& places, Brought brought) {
  TRY_VOID(check_each(job, places));
  Claims claims(places);
  check_source(job, brought, claims);
  check_request(job, claims);
  check_auth(job.auth, claims);
  check_response(job, claims);
  check_limits(job, claims);
  check_retry(job, claims);
  check_sink(job, claims);
  return std::move(claims).verdict();
}

}  // namespace rowcall::settings
