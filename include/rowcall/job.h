// SPDX-License-Identifier: Apache-2.0
// A job: what is to be done. Source, request, response, limits, sink.
//
// A job file, flags and a Python call all become one `Job`. It is plain data with defaults; what each
// setting is called outside, how it is written as text and what it means is told once, in the table of
// src/settings/table.cc, from which the reference in docs/settings.md is made.
//
// Secrets are never in a `Job`: a `SecretRef` says where the value is to be found, and is resolved only
// when a run starts.
//
// Any thread may read a `Job`; nobody changes it once a run has started. Two jobs are equal when every
// setting is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/outcome.h"
#include "rowcall/time.h"

namespace rowcall {

using namespace std::chrono_literals;

/// Named text values in the order in which they were written.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

enum class FileFormat { kAuto, kCsv, kNdjson, kJson, kParquet };
enum class Compression { kAuto, kNone, kGzip, kZstd, kSnappy };

const char* name_of(FileFormat f);   ///< "auto", "csv", "ndjson", "json", "parquet".
const char* name_of(Compression c);  ///< "auto", "none", "gzip", "zstd", "snappy".

/// The table to read.
struct SourceSpec {
  std::vector<std::string> paths;         ///< Files, globs, folders, s3:// URIs, or "-" for standard input.
  FileFormat format = FileFormat::kAuto;  ///< kAuto: by file name.
  Compression compression = Compression::kAuto;  ///< kAuto: by file name (.gz, .zst).
  NamedTexts types;                              ///< Column name -> type, as in "int64", "decimal(10,2)".
  bool infer_types = true;  ///< Types of text columns from a sample; false: all stay text.
  int infer_rows = 10'000;  ///< How many records the sample has.
  std::vector<std::string> null_values = {""};  ///< Unquoted CSV cells which mean null.
  char delimiter = ',';
  char quote = '"';
  bool header = true;                      ///< The first CSV line holds the column names.
  std::vector<std::string> column_names;   ///< Names for a CSV without a header line.
  std::int64_t rows_max = 0;               ///< Read at most that many rows; 0: all.
  std::int64_t line_bytes_max = 16 << 20;  ///< A longer record is unreadable.
  int chunk_size = 8192;                   ///< Rows read from a file at once.
  int batch_size = 1000;                   ///< Rows in a batch on its way through the engine.
  bool operator==(const SourceSpec&) const = default;
};

/// How to reach the object store. Credentials come from the standard AWS chain only.
struct S3Spec {
  std::string endpoint;    ///< "http://host:port"; empty: AWS, or AWS_ENDPOINT_URL.
  std::string region;      ///< Empty: AWS_REGION or the profile's, then "us-east-1" with an endpoint.
  bool anonymous = false;  ///< No credentials at all, for public buckets.
  int attempts_max = 10;   ///< Tries per storage request.
  bool operator==(const S3Spec&) const = default;
};

/// Where a secret value is found: "env:NAME" or "file:PATH". Never the value itself.
struct SecretRef {
  std::string place;
  bool empty() const { return place.empty(); }
  bool operator==(const SecretRef&) const = default;
};

enum class Idempotency {
  kKeys,   ///< Each call carries an Idempotency-Key, the same over attempts; unknown fates are repeated.
  kSafe,   ///< The call may be repeated at will; no key is sent.
  kNever,  ///< A call whose fate is unknown is not repeated; its rows fail as `unknown_fate`.
};

/// What one call sends. Texts marked "template" may hold {{column}}.
struct RequestSpec {
  std::string method = "POST";
  std::string url;     ///< Template; scheme and host must be fixed.
  NamedTexts query;    ///< Template per value; percent-encoded for you.
  NamedTexts headers;  ///< Template per value; "env:NAME" and "file:PATH" for secrets.
  std::string body;    ///< Template; empty: the row as a JSON object (an array for several rows).
  std::vector<std::string> columns;  ///< Columns of the default body; empty: all.
  std::string content_type = "application/json";
  int rows_per_call = 1;
  Idempotency idempotency = Idempotency::kKeys;
  Duration timeout = 30s;          ///< From the first byte out to the last byte in, per attempt.
  Duration connect_timeout = 10s;  ///< Resolve, connect and TLS together.
  std::string health_url;          ///< Empty: the path /health on the same host.
  Duration health_every{};         ///< How often a run asks it; zero: never.
  bool tls_verify = true;
  std::string ca_file;      ///< Extra trusted certificates, PEM.
  std::string client_cert;  ///< Client certificate chain, PEM.
  std::string client_key;   ///< Its private key, PEM.
  std::string user_agent;   ///< Empty: "rowcall/VERSION".
  bool operator==(const RequestSpec&) const = default;
};

enum class AuthType { kNone, kBearer, kBasic, kApiKeyHeader, kApiKeyQuery };

struct AuthSpec {
  AuthType type = AuthType::kNone;
  SecretRef token;     ///< For kBearer.
  SecretRef username;  ///< For kBasic.
  SecretRef password;  ///< For kBasic.
  SecretRef key;       ///< For kApiKeyHeader and kApiKeyQuery.
  std::string name;    ///< The header's or query parameter's name; empty: "X-Api-Key" or "api_key".
  bool operator==(const AuthSpec&) const = default;
};

/// One column taken out of the answer.
struct ResponseColumn {
  std::string name;
  std::string pointer;  ///< JSON Pointer (RFC 6901) into the answer, or into one item of it.
  std::string type = "string";
  bool required = false;  ///< A missing or null value fails the row.
  bool operator==(const ResponseColumn&) const = default;
};

enum class MatchBy { kPosition, kKey };

/// What becomes of an answer.
struct ResponseSpec {
  std::vector<ResponseColumn> columns;
  std::string items;  ///< JSON Pointer to the array, when rows_per_call > 1.
  MatchBy match = MatchBy::kPosition;
  std::string match_column;               ///< Input column holding the key, for kKey.
  std::string match_pointer;              ///< JSON Pointer to the key inside an item, for kKey.
  std::string prefix;                     ///< Put before the name of every column added.
  bool raw = false;                       ///< Adds `raw`: the body as text.
  bool status = false;                    ///< Adds `status`: the HTTP status.
  bool attempts = false;                  ///< Adds `attempts`.
  bool latency_ms = false;                ///< Adds `latency_ms` of the last attempt.
  std::int64_t body_bytes_max = 8 << 20;  ///< A longer answer is a permanent failure.
  bool operator==(const ResponseSpec&) const = default;
};

/// "If the value at `pointer` equals `equals`, the answer is of class `outcome`."
struct BodyRule {
  std::string pointer;
  std::string equals;  ///< JSON text to compare with; empty: the pointer merely has to exist.
  OutcomeClass outcome = OutcomeClass::kPermanent;
  bool operator==(const BodyRule&) const = default;
};

/// Status lists in the form "5XX,!501": codes and ranges, the later entry wins, ! excludes.
struct ClassifySpec {
  std::string success = "2XX";
  std::string no_match;
  std::string throttled = "429";
  std::string transient = "408,425,500,502,503,504";
  std::string fatal = "401,402,403";
  int fatal_after = 5;         ///< That many fatal answers in a row, no success between, stop the run.
  std::vector<BodyRule> body;  ///< Looked at in order, on answers the status calls a success.
  bool operator==(const ClassifySpec&) const = default;
};

/// When a quota is given anew: every day, or on the first of every month, at a time of the day.
struct Renewal {
  enum class Every { kDay, kMonth };
  Every every = Every::kDay;
  int minute = 0;          ///< Of the day: 90 is 01:30.
  int minutes_of_utc = 0;  ///< Its clock is that much ahead of UTC: 120 is +02:00.
  bool operator==(const Renewal&) const = default;
};

/// At most `calls` in any window of length `period`; with `renewal`, from one renewal to the next.
struct RateLimit {
  std::int64_t calls = 0;
  Duration period = 1s;
  std::optional<Renewal> renewal;  ///< `period` is then 24 h, or 30 days for a month, for estimates.
  bool unweighted = false;         ///< Every call counts as one, whatever `limits.weight` says.
  bool operator==(const RateLimit&) const = default;
};

enum class Strictness {
  kMeasured,  ///< A permit comes back at send + period + measured delay (at most guard_max).
  kProof,     ///< A permit comes back at answer + period: strict whatever the network does.
};

/// How much, how fast, and when to give up.
struct LimitSpec {
  std::vector<RateLimit> rate = {{5000, 1s}};  ///< All hold at once. Empty: unlimited.
  std::int64_t weight = 1;                     ///< What a call counts as against the limits.
  std::string weight_column;                   ///< The column that says so instead, row by row.
  bool find_rate = false;  ///< No limit is known: begin low, and find what the API bears. `rate` is empty.
  Strictness strict = Strictness::kMeasured;
  Duration guard_max = 50ms;
  bool adaptive = true;                    ///< Below the limits, find what the API can bear.
  int in_flight_max = 0;                   ///< Calls on the wire; 0: from the rate.
  int rows_held_max = 50'000;              ///< Rows in the order window.
  std::int64_t bytes_held_max = 48 << 20;  ///< Their bytes, answers included.
  int batches_ahead_max = 4;               ///< Batches read ahead of the window.
  std::string coordinator;       ///< Who lends the permits: tcp://, redis:// or env:NAME; empty: nobody.
  SecretRef coordinator_secret;  ///< What its workers must know; Redis's password.
  std::int64_t max_calls = 0;    ///< Stop after that many attempts; 0: no cap.
  std::int64_t max_errors = 0;   ///< Stop after that many failed rows; 0: no cap.
  double max_error_share = 0;    ///< Stop when that share of rows has failed (from 200 rows on); 0: no cap.
  bool operator==(const LimitSpec&) const = default;
};

struct RetrySpec {
  int max_attempts = 8;
  Duration base = 100ms;         ///< Full jitter: uniform in [0, min(cap, base * 2^(attempt - 1))].
  Duration throttled_base = 1s;  ///< The same, after a throttled attempt.
  Duration cap = 20s;
  double budget_share = 0.10;       ///< Retries per first attempt; an empty budget makes retries wait.
  double budget_per_s = 10;         ///< Retries per second that are always there.
  Duration row_deadline = 10min;    ///< Time a row may spend on retries; time held does not count.
  Duration retry_after_max = 300s;  ///< A longer Retry-After is cut to this.
  bool operator==(const RetrySpec&) const = default;
};

struct BreakerSpec {
  bool enabled = true;
  int failures_in_a_row = 50;
  double failure_share = 0.95;  ///< Of the last second's results, from 100 results on.
  Duration open = 500ms;        ///< First open time; doubles up to open_max.
  Duration open_max = 3s;
  Duration max_hold = 30min;  ///< Held longer than this: stop the run, resumable.
  bool operator==(const BreakerSpec&) const = default;
};

/// The table to write.
struct SinkSpec {
  std::string path;  ///< A file, a folder (ends in "/"), s3://..., or "-" (CSV, NDJSON).
  FileFormat format = FileFormat::kAuto;
  Compression compression = Compression::kAuto;
  std::int64_t part_rows = 250'000;  ///< Rows per part.
  int row_group_rows = 100'000;      ///< Parquet rows per row group.
  bool overwrite = false;            ///< Replace a table that is already there.
  bool operator==(const SinkSpec&) const = default;
};

enum class Order { kInput, kAny };
enum class Mode { kAsync, kSync };

/// How the run is carried out.
struct RunSpec {
  std::string dir;  ///< Run directory; empty: runs/NAME.
  Order order = Order::kInput;
  Mode mode = Mode::kAsync;
  int workers = 20;        ///< Calls at a time in kSync.
  std::uint64_t seed = 0;  ///< For jitter; 0: from the system.
  bool call_log = true;    ///< Keep calls.log, which `verify-rate` reads.
  bool telemetry = true;   ///< Keep logs, metrics, call log and report; false: summary.json alone.
  bool operator==(const RunSpec&) const = default;
};

enum class LogFormat { kText, kJson };

struct LogSpec {
  std::string level = "info";  ///< trace, debug, info, warning, error, critical.
  LogFormat format = LogFormat::kText;
  std::int64_t file_bytes_max = 10 << 20;  ///< A log file is rotated at this size.
  int files_max = 5;
  Duration slow_call = 5s;  ///< A slower attempt is logged as slow.
  bool operator==(const LogSpec&) const = default;
};

/// What is to be done, whole.
struct Job {
  std::string name = "job";
  SourceSpec source;
  S3Spec s3;
  RequestSpec request;
  AuthSpec auth;
  ResponseSpec response;
  ClassifySpec classify;
  LimitSpec limits;
  RetrySpec retry;
  BreakerSpec breaker;
  SinkSpec sink;
  RunSpec run;
  LogSpec log;
  bool operator==(const Job&) const = default;
};

}  // namespace rowcall
