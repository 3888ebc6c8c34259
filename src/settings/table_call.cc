// SPDX-License-Identifier: Apache-2.0
#include "settings/make.h"
#include "settings/table.h"

namespace rowcall::settings {

std::vector<Setting> request_settings() {
  return {
      word({.key = "request.method", .example = R"("GET")", .doc = "The HTTP method.", .flag = "--method"},
           {"POST", "GET", "PUT", "PATCH", "DELETE"}, ROWCALL_FIELD(request.method)),
      text({.key = "request.url",
            .example = R"("https://api.example.com/v1/cities/{{name}}")",
            .doc = "Where calls go. {{column}} puts in the row's value, percent-encoded; scheme, host and "
                   "port must be fixed. User names, passwords and keys do not belong here: see [auth].",
            .flag = "--url",
            .environment = {"API_ENDPOINT"},
            .quiet = true},
           kUrlText, ROWCALL_FIELD(request.url)),
      text_table({.key = "request.query",
                  .example = R"({ lat = "{{lat}}", lon = "{{lon}}" })",
                  .doc = "Query parameters, added to the URL and percent-encoded. {{column}} puts in the "
                         "row's value. A secret in clear is refused: see auth.type = \"api_key_query\".",
                  .flag = "--query",
                  .quiet = true},
                 kQueryEntries, ROWCALL_FIELD(request.query)),
      text_table({.key = "request.headers",
                  .example = R"({ Accept = "application/json", X-Tenant = "env:TENANT" })",
                  .doc = "Headers of every call. {{column}} puts in the row's value; \"env:NAME\" and "
                         "\"file:PATH\" take the whole value from there. A secret in clear is refused.",
                  .flag = "--header",
                  .quiet = true},
                 kHeaderEntries, ROWCALL_FIELD(request.headers)),
      text({.key = "request.body",
            .example = R"('{"q": {{name}}, "limit": 1}')",
            .doc = "The body, with {{column}} for the row's values. When it is empty, the row as a JSON "
                   "object, and an array of them when a call carries several rows.",
            .flag = "--body"},
           kAnyText, ROWCALL_FIELD(request.body)),
      texts({.key = "request.columns",
             .example = R"(["lat", "lon"])",
             .doc = "The columns that go into that default body; an empty list means all.",
             .flag = "--column"},
            kAnyText, "a column's name or a list of names", ROWCALL_FIELD(request.columns)),
      text({.key = "request.content_type",
            .example = R"("application/x-ndjson")",
            .doc = "The Content-Type of the body."},
           kLineText, ROWCALL_FIELD(request.content_type)),
      whole(
          {.key = "request.rows_per_call",
           .example = "50",
           .doc = "How many rows one call carries, for an API that answers a list. limits.rate counts calls.",
           .flag = "--rows-per-call"},
          {1, 100'000}, ROWCALL_FIELD(request.rows_per_call)),
      choice({.key = "request.idempotency",
              .example = R"("never")",
              .doc = "May a call be repeated when nobody knows whether it was carried out? \"keys\": yes, "
                     "every call carries an Idempotency-Key that stays the same. \"safe\": yes, and no key "
                     "is sent. \"never\": no, its rows fail as unknown_fate."},
             {"keys", "safe", "never"}, ROWCALL_FIELD(request.idempotency)),
  };
}

std::vector<Setting> connection_settings() {
  return {
      duration({.key = "request.timeout",
                .example = R"("5s")",
                .doc = "How long one attempt may take, from the first byte out to the last byte in. Waiting "
                       "for a permit and connecting do not count.",
                .flag = "--timeout"},
               1ms, 24h, ROWCALL_FIELD(request.timeout)),
      duration({.key = "request.connect_timeout",
                .example = R"("3s")",
                .doc = "How long resolving the name, connecting and the TLS handshake may take together."},
               1ms, 1h, ROWCALL_FIELD(request.connect_timeout)),
      text({.key = "request.health_url",
            .example = R"("https://api.example.com/status")",
            .doc = "What `rowcall health` asks, and a run with request.health_every. When it is empty, the "
                   "path /health on the host of request.url.",
            .quiet = true},
           kUrlText, ROWCALL_FIELD(request.health_url)),
      duration({.key = "request.health_every",
                .example = R"("30s")",
                .doc = "How often a run asks request.health_url, which must be on the host of request.url. "
                       "Each time takes a permit of limits.rate, as every call does. \"0s\": never."},
               0ms, 24h, ROWCALL_FIELD(request.health_every)),
      truth({.key = "request.tls_verify",
             .example = "false",
             .doc = "Check the server's certificate. Switch it off for a test only: without it, anybody on "
                    "the way can read and change the calls."},
            ROWCALL_FIELD(request.tls_verify)),
      text({.key = "request.ca_file",
            .example = R"("certs/company-ca.pem")",
            .doc = "A PEM file with certificates that are trusted in addition to the system's."},
           kPathText, ROWCALL_FIELD(request.ca_file)),
      text({.key = "request.client_cert",
            .example = R"("certs/client.pem")",
            .doc =
                "A PEM file with the client's certificate chain, for mutual TLS; needs request.client_key."},
           kPathText, ROWCALL_FIELD(request.client_cert)),
      text({.key = "request.client_key",
            .example = R"("certs/client.key")",
            .doc = "A PEM file with the private key of request.client_cert.",
            .quiet = true},
           kPathText, ROWCALL_FIELD(request.client_key)),
      text({.key = "request.user_agent",
            .example = R"("acme-scoring/2.1")",
            .doc = "The User-Agent header. When it is empty, rowcall and its version."},
           kLineText, ROWCALL_FIELD(request.user_agent)),
  };
}

std::vector<Setting> auth_settings() {
  return {
      choice(
          {.key = "auth.type",
           .example = R"("bearer")",
           .doc = "How calls prove who they come from. \"bearer\" needs auth.token; \"basic\" needs "
                  "auth.username and auth.password; \"api_key_header\" and \"api_key_query\" need auth.key.",
           .quiet = true},
          {"none", "bearer", "basic", "api_key_header", "api_key_query"}, ROWCALL_FIELD(auth.type)),
      secret({.key = "auth.token",
              .example = R"("env:API_TOKEN")",
              .doc = "Where the bearer token is found. It is read when a run starts, from the environment or "
                     ".env, or from a file, whose last line break is left out."},
             ROWCALL_FIELD(auth.token)),
      secret({.key = "auth.username",
              .example = R"("env:API_USER")",
              .doc = "Where the user name is found, for \"basic\"."},
             ROWCALL_FIELD(auth.username)),
      secret({.key = "auth.password",
              .example = R"("file:/run/secrets/api_password")",
              .doc = "Where the password is found, for \"basic\"."},
             ROWCALL_FIELD(auth.password)),
      secret({.key = "auth.key",
              .example = R"("env:API_KEY")",
              .doc = "Where the API key is found, for \"api_key_header\" and \"api_key_query\"."},
             ROWCALL_FIELD(auth.key)),
      text({.key = "auth.name",
            .example = R"("X-Subscription-Key")",
            .doc = "The header or query parameter that carries the API key. When it is empty, X-Api-Key or "
                   "api_key.",
            .quiet = true},
           kHeaderNameText, ROWCALL_FIELD(auth.name)),
  };
}

std::vector<Setting> response_settings() {
  return {
      columns(
          {.key = "response.columns",
           .example = R"({ score = "/score:double!", label = "/label", answer = ":json" })",
           .doc = "The columns taken out of an answer: name = \"/pointer:type\". The pointer is a JSON "
                  "Pointer into the body, or into one item of it; an empty one means all of it. The type is "
                  "string unless it is given. \"!\" at the end: a missing or null value fails the row.",
           .flag = "--response"},
          ROWCALL_FIELD(response.columns)),
      text({.key = "response.items",
            .example = R"("/results")",
            .doc = "Where the list of answers is in the body, when a call carries several rows. Empty: the "
                   "body is the list."},
           kPointerText, ROWCALL_FIELD(response.items)),
      choice({.key = "response.match",
              .example = R"("key")",
              .doc = "How the answers of one call find their rows. \"position\": the first answer belongs to "
                     "the first row. \"key\": by a value; needs match_column and match_pointer."},
             {"position", "key"}, ROWCALL_FIELD(response.match)),
      text({.key = "response.match_column",
            .example = R"("id")",
            .doc = "The input column that holds the key, for match = \"key\"."},
           kAnyText, ROWCALL_FIELD(response.match_column)),
      text({.key = "response.match_pointer",
            .example = R"("/id")",
            .doc = "Where the key is in an item of the answer, for match = \"key\"."},
           kPointerText, ROWCALL_FIELD(response.match_pointer)),
      text(
          {.key = "response.prefix",
           .example = R"("api_")",
           .doc = "Put before the name of every column that is added, against names that are already there."},
          kAnyText, ROWCALL_FIELD(response.prefix)),
      truth({.key = "response.raw", .example = "true", .doc = "Add the column raw: the whole body as text."},
            ROWCALL_FIELD(response.raw)),
      truth({.key = "response.status", .example = "true", .doc = "Add the column status: the HTTP status."},
            ROWCALL_FIELD(response.status)),
      truth({.key = "response.attempts",
             .example = "true",
             .doc = "Add the column attempts: how many were needed."},
            ROWCALL_FIELD(response.attempts)),
      truth({.key = "response.latency_ms",
             .example = "true",
             .doc = "Add the column latency_ms: the time of the last attempt, in milliseconds."},
            ROWCALL_FIELD(response.latency_ms)),
      bytes({.key = "response.body_bytes_max",
             .example = R"("1MB")",
             .doc = "A longer answer is a permanent failure. The limit keeps memory flat."},
            {1, 1 << 30}, ROWCALL_FIELD(response.body_bytes_max)),
  };
}

std::vector<Setting> classify_settings() {
  return {
      text({.key = "classify.success",
            .example = R"("200,201")",
            .doc = "Status codes of answers whose columns are taken. A list of codes (404), hundreds (5XX), "
                   "spans (500-503) and exclusions (!501); the later entry wins."},
           kStatusText, ROWCALL_FIELD(classify.success)),
      text({.key = "classify.no_match",
            .example = R"("404")",
            .doc = "Status codes that say \"nothing found\": an answer with null columns, not a failure."},
           kStatusText, ROWCALL_FIELD(classify.no_match)),
      text({.key = "classify.throttled",
            .example = R"("429,420")",
            .doc = "Status codes that say \"too fast\": all calls slow down, and the call is tried again. "
                   "503 with Retry-After counts as one as well."},
           kStatusText, ROWCALL_FIELD(classify.throttled)),
      text({.key = "classify.transient",
            .example = R"("5XX,!501")",
            .doc = "Status codes that may be gone next time: the call is tried again. What is in no list "
                   "fails the row at once."},
           kStatusText, ROWCALL_FIELD(classify.transient)),
      text({.key = "classify.fatal",
            .example = R"("401,403")",
            .doc = "Status codes that concern every row, such as a wrong key: several in a row stop the run, "
                   "which can go on once that is mended."},
           kStatusText, ROWCALL_FIELD(classify.fatal)),
      whole({.key = "classify.fatal_after",
             .example = "1",
             .doc = "How many fatal answers in a row, with no success between, stop the run."},
            {1, 1'000'000}, ROWCALL_FIELD(classify.fatal_after)),
      rules(
          {.key = "classify.body",
           .example = R"([{ pointer = "/error/code", equals = "QUOTA", outcome = "throttled" }])",
           .doc =
               "For an API that reports failures with status 200: rules that are looked at in order on "
               "answers whose status is a success. If the value at pointer equals `equals` (a text, number, "
               "true or false; or equals_json, any JSON text; with neither, if there is a value), the answer "
               "is of class outcome: success, no_match, throttled, transient, permanent or fatal."},
          ROWCALL_FIELD(classify.body)),
  };
}

}  // namespace rowcall::settings
