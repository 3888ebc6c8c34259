// SPDX-License-Identifier: Apache-2.0
// Every kind of error a user can meet, with its whole text: it is what they will read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings/load.h"
#include "settings/samples_for_tests.h"
#include "settings/test_folder.h"

namespace rowcall::settings {
namespace {

class LoadError : public testing::Test {
 protected:
  LoadError() { layers_.use_env_file = false; }

  // The error of a load, with the test's folder left out of it.
  std::string error() {
    auto result = load(layers_);
    if (result) return "no error";
    EXPECT_EQ(result.error().code, ErrorCode::kSetting);
    std::string text = result.error().text();
    std::string folder = folder_.path().string() + "/";
    for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder))
      text.erase(at, folder.size());
    return text;
  }
  std::string of_job(std::string_view text) {
    layers_.job_file = folder_.file("job.toml", text);
    return error();
  }
  std::string of_small_job_and(std::string_view text) {
    return of_job(std::string(kSmallJob) + std::string(text));
  }
  std::string of_env(std::string_view text) {
    layers_.job_file = folder_.file("job.toml", kSmallJob);
    layers_.env_file = folder_.file(".env", text);
    return error();
  }
  std::string of_environment(const char* name, const char* value) {
    layers_.job_file = folder_.file("job.toml", kSmallJob);
    layers_.environment = {{name, value}};
    return error();
  }
  std::string of_set(const char* set) {
    layers_.job_file = folder_.file("job.toml", kSmallJob);
    layers_.flags.clear();
    layers_.sets = {set};
    return error();
  }
  std::string of_flag(const char* flag, const char* text) {
    layers_.job_file = folder_.file("job.toml", kSmallJob);
    layers_.flags = {{flag, text}};
    return error();
  }

  TestFolder folder_;
  Layers layers_;
};

TEST_F(LoadError, Files) {
  layers_.job_file = folder_.path() / "none.toml";
  auto result = load(layers_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(result.error().place, (folder_.path() / "none.toml").string());
  layers_.job_file = folder_.file("job.toml", kSmallJob);
  layers_.env_file = folder_.path() / "none.env";
  result = load(layers_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().place, (folder_.path() / "none.env").string());
}

TEST_F(LoadError, WhatIsNotToml) {
  EXPECT_EQ(of_job("name = \"a\"\n[source\n"),
            R"(job.toml line 2: not TOML (in a table header: expected ']', saw '\n'))");
  EXPECT_EQ(
      of_job("name = cities\n"),
      R"(job.toml line 1: not TOML (in a value: could not determine value type). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(
      of_job("[source]\npath = in.csv\n"),
      R"(job.toml line 2: not TOML (in a floating-point: expected 'inf'). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(
      of_job("[limits]\nrate = 5000/s\n"),
      R"(job.toml line 2: not TOML (in a decimal integer: expected digit, saw '/'). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(of_job("name = \"a\"\nname = \"b\"\n"),
            "job.toml line 2: not TOML (in a key-value pair: cannot redefine existing string 'name')");
  EXPECT_EQ(of_job("[:source]\n"),
            "job.toml line 1: not TOML (in a key: expected bare key starting character or string delimiter, "
            "saw ':')");
  EXPECT_EQ(of_job("[[[1]]]\n"),
            "job.toml line 1: not TOML (in a key: expected bare key starting character or string delimiter, "
            "saw '[')");
  EXPECT_EQ(
      of_job("\u00fc = 1\n"),
      R"(job.toml line 1: not TOML (in a root table: expected keys, tables, whitespace or comments). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(of_job("[source]\n[source]\n"),
            "job.toml line 2: not TOML (in a table header: cannot redefine existing table 'source')");
  EXPECT_EQ(of_job("name = \"a\n"),
            "job.toml line 1: not TOML (in a string: unescaped control characters other than TAB (U+0009) "
            "are explicitly prohibited)");
  EXPECT_EQ(
      of_job("[source]\nheader = yes\n"),
      R"(job.toml line 2: not TOML (in a value: could not determine value type). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(
      of_job("[source]\nheader = truly\n"),
      R"(job.toml line 2: not TOML (in a boolean: expected 'true'). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(of_job("[source]\nrows_max = 99999999999999999999\n"),
            "job.toml line 2: not TOML (in a decimal integer: the number is not representable in 64 bits)");
  EXPECT_EQ(
      of_job("[source]\nrows_max = \n"),
      R"(job.toml line 2: not TOML (in a key-value pair: expected value, saw '\n'). Text needs quotes, as in rate = "5000/s".)");
  EXPECT_EQ(of_job("[source]\nrows_max\n"),
            R"(job.toml line 2: not TOML (in a key-value pair: expected '=', saw '\n'))");
  EXPECT_EQ(of_job("\"\xff\" = 1\n"), "job.toml line 1: not TOML (Encountered invalid utf-8 sequence)");
  EXPECT_EQ(of_job("[request.query]\nsince = 2024-01-01\n"),
            "job.toml line 2: request.query.since: a date or time without quotes; expected text, a number, "
            "true or false. Put quotes around it.");
}

TEST_F(LoadError, PlacesOfAJobFile) {
  EXPECT_EQ(
      of_job("# a comment\n\n[limits]\nrate = \"fast\"\n"),
      R"(job.toml line 4: limits.rate: "fast"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s")");
  EXPECT_EQ(of_job("[limits]\nrat = \"5/s\"\n"),
            "job.toml line 2: limits.rat: no such setting; expected a setting of docs/settings.md. Did you "
            "mean limits.rate?");
  EXPECT_EQ(of_job("[limit]\nfoo = 1\nrate = \"5/s\"\n"),
            "job.toml line 1: limit: no such setting; expected a setting of docs/settings.md. Did you mean "
            "[limits]?");
  EXPECT_EQ(of_job("rate = \"5/s\"\n"),
            "job.toml line 1: rate: no such setting; expected a setting of docs/settings.md. Did you mean "
            "limits.rate?");
  EXPECT_EQ(of_job("source = \"in.csv\"\n"),
            "job.toml line 1: source: no table; expected a table of settings. Write [source] on a line of "
            "its own, and its settings below.");
  EXPECT_EQ(of_job("[[source]]\npath = \"in.csv\"\n"),
            "job.toml line 1: source: no table; expected a table of settings. Write [source] on a line of "
            "its own, and its settings below.");
  EXPECT_EQ(
      of_job("[response.columns]\na = \"/a\"\nb = \"/b:doubel\"\n"),
      R"(job.toml line 3: response.columns.b: "doubel"; expected one of string, bool, int8 to int64, uint8 to uint64, float, double, decimal(P,S), date, timestamp, timestamp[s|ms|us|ns], timestamp[us, UTC], binary or json. Did you mean "double"?)");
  EXPECT_EQ(
      of_job("[source.types]\nzip = \"text\"\n"),
      R"(job.toml line 2: source.types.zip: "text"; expected one of string, bool, int8 to int64, uint8 to uint64, float, double, decimal(P,S), date, timestamp, timestamp[s|ms|us|ns], timestamp[us, UTC], binary or json)");
  EXPECT_EQ(
      of_job("[[classify.body]]\npointer = \"/a\"\noutcome = \"bad\"\n"),
      R"(job.toml line 3: classify.body.outcome: "bad"; expected one of "success", "no_match", "throttled", "transient", "permanent", "fatal")");
  EXPECT_EQ(of_job("[[classify.body]]\npointer = \"/a\"\noutcom = \"fatal\"\n"),
            "job.toml line 3: classify.body.outcom: no such part of a rule; expected pointer, equals, "
            "equals_json or outcome. Did you mean outcome?");
  EXPECT_EQ(of_job("[[classify.body]]\npointer = \"/a\"\n"),
            "job.toml line 1: classify.body: a rule without outcome; expected a table with pointer and "
            "outcome, and equals or equals_json");
  EXPECT_EQ(of_job("[classify.body]\npointer = \"/a\"\n"),
            "job.toml line 1: classify.body: a table; expected a table with pointer and outcome, and equals "
            "or equals_json. Write [[classify.body]] above each rule.");
  EXPECT_EQ(of_job("[source]\nnull_values = [\n \"a\",\n 3\n]\n"),
            "job.toml line 4: source.null_values: 3 in the list; expected a text or a list of texts. Put "
            "quotes around it.");
}

TEST_F(LoadError, Kinds) {
  EXPECT_EQ(of_job("[source]\nheader = \"true\"\n"),
            R"(job.toml line 2: source.header: "true"; expected true or false. Write it without quotes.)");
  EXPECT_EQ(
      of_job("[source]\nbatch_size = \"100\"\n"),
      R"(job.toml line 2: source.batch_size: "100"; expected a whole number from 1 to 1,000,000. Write the number without quotes.)");
  EXPECT_EQ(of_job("[source]\nbatch_size = 0\n"),
            "job.toml line 2: source.batch_size: 0; expected a whole number from 1 to 1,000,000");
  EXPECT_EQ(of_job("[source]\nrows_max = -1\n"),
            "job.toml line 2: source.rows_max: -1; expected a whole number, at least 0");
  EXPECT_EQ(
      of_job("[request]\ntimeout = \"ten\"\n"),
      R"(job.toml line 2: request.timeout: "ten"; expected a duration from 1ms to 1d, such as "250ms", "10s" or "5min")");
  EXPECT_EQ(
      of_job("[source]\nline_bytes_max = \"8 apples\"\n"),
      R"(job.toml line 2: source.line_bytes_max: "8 apples"; expected a size from 1KB to 1GB, such as "64KB" or "8MB")");
  EXPECT_EQ(of_job("[retry]\nbudget = 10\n"),
            R"(job.toml line 2: retry.budget: 10; expected a share from 0% to 100%, such as "10%" or 0.1)");
  EXPECT_EQ(of_job("[retry]\nbudget_per_s = \"many\"\n"),
            R"(job.toml line 2: retry.budget_per_s: "many"; expected a number from 0 to 1,000,000)");
  EXPECT_EQ(of_job("[run]\norder = \"inptu\"\n"),
            R"(job.toml line 2: run.order: "inptu"; expected one of "input", "any". Did you mean "input"?)");
  EXPECT_EQ(
      of_job("[source]\ndelimiter = \"||\"\n"),
      R"(job.toml line 2: source.delimiter: "||"; expected one ASCII character; "\t" or "tab" for the tab)");
  EXPECT_EQ(
      of_job("name = 7\n"),
      R"(job.toml line 1: name: 7; expected a name of letters, digits, ".", "_" and "-" (at most 100, a letter or digit first). Put quotes around it.)");
  EXPECT_EQ(
      of_job("name = \"a/b\"\n"),
      R"(job.toml line 1: name: "a/b"; expected a name of letters, digits, ".", "_" and "-" (at most 100, a letter or digit first). "a-b" would do.)");
  EXPECT_EQ(
      of_job("[limits]\nmax_errors = \"2 %%\"\n"),
      R"(job.toml line 2: limits.max_errors: "2 %%"; expected a number of rows such as 100, a share such as "2%", or a list of both)");
  EXPECT_EQ(
      of_job("[response.columns]\na = \"score\"\n"),
      R"(job.toml line 2: response.columns.a: "score"; expected a JSON Pointer: empty, or beginning with "/". Write "/score".)");
  EXPECT_EQ(
      of_job("[response]\nitems = \"$.results.list\"\n"),
      R"(job.toml line 2: response.items: "$.results.list"; expected a JSON Pointer: empty, or beginning with "/". Write "/results/list".)");
  EXPECT_EQ(
      of_job("[response.columns]\na = \"\"\n"),
      R"(job.toml line 2: response.columns.a: ""; expected "/pointer:type", with "!" at the end if the value must be there. Write ":json" for the whole answer.)");
  EXPECT_EQ(
      of_job("[response.columns]\na = \"/dc:title\"\n"),
      R"(job.toml line 2: response.columns.a: "title"; expected one of string, bool, int8 to int64, uint8 to uint64, float, double, decimal(P,S), date, timestamp, timestamp[s|ms|us|ns], timestamp[us, UTC], binary or json. What stands after the last colon is the type; to name a key with a colon in it, add the type.)");
  EXPECT_EQ(
      of_job("[classify]\ntransient = \"5XX,60\"\n"),
      R"(job.toml line 2: classify.transient: "60"; expected a status list such as "2XX", "404,410", "500-503" or "5XX,!501")");
  EXPECT_EQ(of_job("[s3]\nregion = \"EU West\"\n"),
            R"(job.toml line 2: s3.region: "EU West"; expected a region such as "eu-central-1")");
  EXPECT_EQ(
      of_job("[source]\npath = \"gs://b/k\"\n"),
      R"(job.toml line 2: source.path: the scheme "gs"; expected "s3://BUCKET/KEY", or a path. Other stores are not known here: copy the table to S3 or to a disk.)");
  EXPECT_EQ(of_job("[run]\nseed = -1\n"),
            "job.toml line 2: run.seed: -1; expected a whole number, at least 0");
}

TEST_F(LoadError, Rates) {
  auto rate = [&](const char* value) { return of_job(std::string("[limits]\nrate = ") + value + "\n"); };
  EXPECT_EQ(
      rate("5000"),
      R"(job.toml line 2: limits.rate: 5000; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s". Write "5000/s" for that many a second.)");
  EXPECT_EQ(
      rate("\"5000\""),
      R"(job.toml line 2: limits.rate: "5000"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s". Say in which time: "5000/s" is that many a second.)");
  EXPECT_EQ(
      rate("\"0.5/s\""),
      R"(job.toml line 2: limits.rate: "0.5/s"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s". Calls are counted whole: write 1/2s for one call every two seconds.)");
  EXPECT_EQ(
      rate("\"0/s\""),
      R"(job.toml line 2: limits.rate: "0/s"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s". Calls may be 1 to 1,000,000,000,000.)");
  EXPECT_EQ(
      rate("\"5/fortnight\""),
      R"(job.toml line 2: limits.rate: "5/fortnight"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s")");
  EXPECT_EQ(
      rate("\"5/40d\""),
      R"(job.toml line 2: limits.rate: "5/40d"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s". The period may be 1ms to 31d.)");
  EXPECT_EQ(
      rate("[]"),
      R"(job.toml line 2: limits.rate: an empty list; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s". Write "unlimited" for no limit at all.)");
  EXPECT_EQ(rate("[\"1/s\", \"2/s\", \"3/s\", \"4/s\", \"5/s\"]"),
            "job.toml line 2: limits.rate: 5 rates; expected at most 4. Leave out those which another one "
            "makes needless.");
  EXPECT_EQ(
      rate("[\"5/s\", \"unlimited\"]"),
      R"(job.toml line 2: limits.rate: "unlimited"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s")");
}

TEST_F(LoadError, EnvFile) {
  EXPECT_EQ(of_env("# c\n\nMAX_WORKERS=many\n"),
            R"(.env line 3: MAX_WORKERS: "many"; expected a whole number from 1 to 10,000)");
  EXPECT_EQ(of_env("RATE_LIMIT_CALL=5\n"),
            ".env line 1: RATE_LIMIT_CALL: no such name; expected RATE_LIMIT_CALLS. Correct the name, or "
            "take the line out.");
  EXPECT_EQ(of_env("OTHER=1\nsome text\n"),
            R"(.env line 2: a line without "="; expected NAME=VALUE, a comment or an empty line)");
  EXPECT_EQ(
      of_env("A='x\n"),
      R"(.env line 1: a quote that is not closed on its line; expected a value on one line. Write line breaks as \n in double quotes, or put the value into a file and write file:PATH where it is used.)");
  EXPECT_EQ(
      of_env("A=\"x\" y\n"),
      R"(.env line 1: text behind the closing quote; expected the end of the line, or " #" and a comment)");
  EXPECT_EQ(
      of_env("A B=x\n"),
      R"(.env line 1: a name with other characters than letters, digits and "_"; expected NAME=VALUE, a comment or an empty line)");
  EXPECT_EQ(of_env("S3_BUCKET=b\n"),
            ".env line 1: S3_BUCKET: set, while S3_KEY is not; expected both or none. Set S3_KEY to the "
            "table's name in the bucket, such as in/cities.csv.");
  EXPECT_EQ(of_env("S3_KEY=k\n"),
            ".env line 1: S3_KEY: set, while S3_BUCKET is not; expected both or none. Set S3_BUCKET to the "
            "bucket's name.");
  EXPECT_EQ(
      of_env("S3_BUCKET=s3://b\nS3_KEY=k\n"),
      R"(.env line 1: S3_BUCKET: more than a bucket's name; expected a name such as my-bucket. Leave out "s3://"; what follows the bucket belongs into S3_KEY.)");
  EXPECT_EQ(
      of_env("S3_BUCKET=b\nS3_KEY=/k\n"),
      R"(.env line 2: S3_KEY: a key that begins with a slash or with "s3://"; expected a key such as in/cities.csv. Leave out what stands in front of the key.)");
  EXPECT_EQ(of_env("RATE_LIMIT_CALLS=1.5\n"),
            R"(.env line 1: RATE_LIMIT_CALLS: "1.5"; expected a whole number of calls, at least 1)");
  EXPECT_EQ(
      of_env("RATE_LIMIT_PERIOD=0\n"),
      R"(.env line 1: RATE_LIMIT_PERIOD: "0"; expected a number of seconds above 0, such as 1, 0.5 or 60)");
}

TEST_F(LoadError, PeriodWithoutCallsNeverRaisesALimit) {
  layers_.environment = {{"RATE_LIMIT_PERIOD", "2"}};
  EXPECT_EQ(of_small_job_and("[limits]\nrate = \"10/s\"\n"),
            "environment variable RATE_LIMIT_PERIOD: set without RATE_LIMIT_CALLS, while job.toml line 6: "
            "limits.rate is set as well; expected both variables or none. Set RATE_LIMIT_CALLS, or leave "
            "RATE_LIMIT_PERIOD out.");
}

TEST_F(LoadError, Environment) {
  EXPECT_EQ(of_environment("MAX_WORKERS", "0"),
            "environment variable MAX_WORKERS: 0; expected a whole number from 1 to 10,000");
  EXPECT_EQ(
      of_environment("LOG_LEVEL", "loud"),
      R"(environment variable LOG_LEVEL: "loud"; expected one of "trace", "debug", "info", "warning", "error", "critical")");
  EXPECT_EQ(
      of_environment("API_ENDPOINT", "localhost:8080/score"),
      R"(environment variable API_ENDPOINT: no "http://" or "https://" at the beginning; expected a URL such as "https://api.example.com/v1/score")");
}

TEST_F(LoadError, FlagsAndSets) {
  EXPECT_EQ(of_flag("--rate", "fast"),
            R"(--rate: "fast"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s")");
  EXPECT_EQ(of_flag("--response", "score"),
            R"(--response: no "="; expected NAME=VALUE. Write the name, "=" and the value.)");
  EXPECT_EQ(
      of_flag("--response", "score=score"),
      R"(--response score: "score"; expected a JSON Pointer: empty, or beginning with "/". Write "/score".)");
  EXPECT_EQ(of_flag("--header", "Accept: x"),
            R"(--header: no "="; expected NAME=VALUE. Write the name, "=" and the value.)");
  EXPECT_EQ(of_flag("--rats", "1"),
            "--rats: no such flag; expected a flag of `rowcall run`. Did you mean --rate?");
  EXPECT_EQ(
      of_set("limits.rate=fast"),
      R"(--set limits.rate: "fast"; expected a rate such as "5000/s", "300/min", "200000/h" or "50/10s")");
  EXPECT_EQ(of_set("limits.rats=1/s"),
            "--set limits.rats: no such setting; expected a setting of docs/settings.md. Did you mean "
            "limits.rate?");
  EXPECT_EQ(of_set("limits.rate"), R"(--set: no "="; expected KEY=VALUE, as in --set limits.rate=100/s)");
  EXPECT_EQ(of_set("run.workers=many"),
            R"(--set run.workers: "many"; expected a whole number from 1 to 10,000)");
  EXPECT_EQ(
      of_set("source.types.zip=text"),
      R"(--set source.types.zip: "text"; expected one of string, bool, int8 to int64, uint8 to uint64, float, double, decimal(P,S), date, timestamp, timestamp[s|ms|us|ns], timestamp[us, UTC], binary or json)");
  EXPECT_EQ(of_set("request.headers=5"),
            R"(--set request.headers: a number, which is not shown here; expected a table, header = "text")");
}

TEST_F(LoadError, Urls) {
  auto url = [&](const char* value) { return of_set((std::string("request.url=") + value).c_str()); };
  EXPECT_EQ(
      url("http://{{host}}/x"),
      R"(--set request.url: a template marker in front of the path; expected a URL such as "https://api.example.com/v1/score". Scheme, host and port have to be fixed: they say where the calls, and the secrets, go.)");
  EXPECT_EQ(
      url("{{base}}/x"),
      R"(--set request.url: a template marker in front of the path; expected a URL such as "https://api.example.com/v1/score". Scheme, host and port have to be fixed: they say where the calls, and the secrets, go.)");
  EXPECT_EQ(
      url("http://127.0.0.1:{{port}}/"),
      R"(--set request.url: a template marker in front of the path; expected a URL such as "https://api.example.com/v1/score". Scheme, host and port have to be fixed: they say where the calls, and the secrets, go.)");
  EXPECT_EQ(
      url("ftp://host/x"),
      R"(--set request.url: the scheme "ftp"; expected a URL such as "https://api.example.com/v1/score")");
  EXPECT_EQ(url("http:///x"),
            R"(--set request.url: no host; expected a URL such as "https://api.example.com/v1/score")");
  EXPECT_EQ(
      url("http://host:99999/"),
      R"(--set request.url: the port "99999"; expected a URL such as "https://api.example.com/v1/score". A port is a number from 1 to 65535.)");
  EXPECT_EQ(
      url("http://ho st/"),
      R"(--set request.url: a blank or a control character; expected a URL such as "https://api.example.com/v1/score". Write a blank as %20.)");
  EXPECT_EQ(
      url("http://ho$t/"),
      R"(--set request.url: the host "ho$t"; expected a URL such as "https://api.example.com/v1/score")");
  EXPECT_EQ(
      url("http://host/a#b"),
      R"(--set request.url: a fragment ("#"); expected a URL such as "https://api.example.com/v1/score". Servers never see it: leave it out, or write %23.)");
  EXPECT_EQ(
      of_set("s3.endpoint=http://host/path"),
      R"(--set s3.endpoint: more than scheme, host and port; expected a URL such as "http://127.0.0.1:9000")");
}

TEST_F(LoadError, WholeJobs) {
  EXPECT_EQ(of_job(""),
            "source.path: no source; expected a table to read. Set source.path in the job file, S3_BUCKET "
            "and S3_KEY in .env, or give --from.");
  EXPECT_EQ(of_job("[source]\npath = \"a.csv\"\n"),
            "request.url: no URL; expected where to send the calls. Set request.url in the job file, "
            "API_ENDPOINT in .env, or give --url.");
  EXPECT_EQ(
      of_small_job_and("[response]\nmatch = \"key\"\nmatch_column = \"id\"\n"),
      R"(job.toml line 6: response.match: "key" without response.match_column or response.match_pointer; expected both. Name the input column that holds the key, and the pointer to the key in an item of the answer.)");
  EXPECT_EQ(
      of_small_job_and("[response]\nmatch_column = \"id\"\n"),
      R"(job.toml line 6: response.match_column: a setting that response.match = "position" does not use; expected response.match = "key". Set response.match, or leave this out.)");
  EXPECT_EQ(
      of_small_job_and("[response]\nmatch_pointer = \"/id\"\n"),
      R"(job.toml line 6: response.match_pointer: a setting that response.match = "position" does not use; expected response.match = "key". Set response.match, or leave this out.)");
  EXPECT_EQ(of_small_job_and("[response]\nstatus = true\n[response.columns]\nstatus = \"/s\"\n"),
            "job.toml line 8: response.columns.status: a column of the name that response.status = true "
            "adds; expected another name");
  EXPECT_EQ(
      of_small_job_and("[auth]\ntype = \"bearer\"\n"),
      R"(job.toml line 6: auth.type: "bearer" without auth.token; expected auth.token as well. Set auth.token = "env:NAME".)");
  EXPECT_EQ(
      of_small_job_and("[auth]\ntoken = \"env:T\"\n"),
      R"(job.toml line 6: auth.token: a setting that auth.type = "none" does not use; expected the type that uses it. Set auth.type, or leave this out.)");
  EXPECT_EQ(
      of_small_job_and("[auth]\nname = \"X-Key\"\n"),
      R"(job.toml line 6: auth.name: a setting that auth.type = "none" does not use; expected auth.type = "api_key_header" or "api_key_query". Set auth.type, or leave this out.)");
  EXPECT_EQ(
      of_small_job_and("[sink]\npath = \"-\"\n"),
      R"(job.toml line 6: sink.path: standard output as the sink, and sink.format = "auto"; expected "csv" or "ndjson". Give --to-format, or write to a file.)");
  EXPECT_EQ(
      of_small_job_and("[sink]\npath = \"-\"\nformat = \"parquet\"\n"),
      R"(job.toml line 7: sink.format: standard output as the sink, and sink.format = "parquet"; expected "csv" or "ndjson". Give --to-format, or write to a file.)");
  EXPECT_EQ(of_small_job_and("[sink]\npath = \"in.csv\"\n"),
            "job.toml line 6: sink.path: a path that source.path reads; expected another path. A table is "
            "never written over the one it is made from.");
  EXPECT_EQ(
      of_small_job_and("[sink]\nformat = \"csv\"\ncompression = \"snappy\"\n"),
      R"(job.toml line 7: sink.compression: "snappy" with sink.format = "csv"; expected "auto", "none", "gzip" or "zstd". Snappy is for Parquet only.)");
  EXPECT_EQ(
      of_small_job_and("[run]\nmode = \"sync\"\n[limits]\nin_flight_max = 5\n"),
      "job.toml line 8: limits.in_flight_max: run.workers = 20, and limits.in_flight_max = 5; expected at "
      "most as many workers as calls in flight. Lower run.workers, or leave limits.in_flight_max out.");
  EXPECT_EQ(of_small_job_and("rows_per_call = 600\n[limits]\nrows_held_max = 500\n"),
            "job.toml line 5: request.rows_per_call: request.rows_per_call = 600, and limits.rows_held_max = "
            "500; expected at least one call's rows held. Raise limits.rows_held_max.");
  EXPECT_EQ(
      of_small_job_and("[limits]\nin_flight_max = 600\nrows_held_max = 500\n"),
      "job.toml line 7: limits.rows_held_max: 500, while limits.in_flight_max and request.rows_per_call need "
      "600; expected at least that many. Raise limits.rows_held_max, or lower the others.");
  EXPECT_EQ(of_small_job_and("[retry]\nbase = \"100ms\"\ncap = \"50ms\"\n"),
            "job.toml line 6: retry.base: 100ms; expected at most retry.cap, which is 50ms");
  EXPECT_EQ(of_small_job_and("[retry]\nbudget = 0\nbudget_per_s = 0\n"),
            "job.toml line 6: retry.budget: 0%, and retry.budget_per_s = 0; expected one of them above zero. "
            "A retry would wait for ever. Set retry.max_attempts = 1 for no retries at all.");
  EXPECT_EQ(of_small_job_and("[breaker]\nopen = \"10s\"\nopen_max = \"5s\"\n"),
            "job.toml line 6: breaker.open: 10s; expected at most breaker.open_max, which is 5s");
  EXPECT_EQ(of_small_job_and("[breaker]\nfailure_share = 0\n"),
            "job.toml line 6: breaker.failure_share: 0%; expected a share above zero. Set breaker.enabled = "
            "false to do without a breaker.");
  EXPECT_EQ(of_small_job_and("[classify]\nsuccess = \"\"\n"),
            "job.toml line 6: classify.success: an empty list; expected at least one status. Without one, "
            "every answer would count as a failure.");
  layers_.sets = {"source.path=-"};
  EXPECT_EQ(
      of_small_job_and(""),
      R"(--set source.path: standard input as the source, and source.format = "auto"; expected "csv", "ndjson" or "json". Standard input has no name to tell the format; give --from-format.)");
  layers_.sets = {"source.path=[\"-\", \"b.csv\"]"};
  EXPECT_EQ(
      of_small_job_and(""),
      R"(--set source.path: standard input ("-") among other paths; expected "-" alone. Read it in a run of its own.)");
  layers_.sets = {"source.compression=snappy"};
  EXPECT_EQ(
      of_small_job_and(""),
      R"(--set source.compression: "snappy"; expected "auto", "none", "gzip" or "zstd". Parquet files say themselves how they are compressed.)");
  layers_.sets = {"source.quote=,"};
  EXPECT_EQ(of_small_job_and(""),
            "--set source.quote: the same character as source.delimiter; expected another one");
  layers_.sets = {"source.column_names=a"};
  EXPECT_EQ(of_small_job_and(""),
            "--set source.column_names: column names, while the first line of the file is said to hold them; "
            "expected one or the other. Set source.header = false if the file has no such line.");
  layers_.sets = {"request.client_cert=c.pem"};
  EXPECT_EQ(of_small_job_and(""),
            "--set request.client_cert: a certificate without its key; expected request.client_key as well");
  layers_.sets = {"request.client_key=c.pem"};
  EXPECT_EQ(of_small_job_and(""),
            "--set request.client_key: a key without its certificate; expected request.client_cert as well");
  layers_.sets = {"source.path=\"\""};
  EXPECT_EQ(of_small_job_and(""), "--set source.path: an empty path; expected a path");
}

TEST_F(LoadError, HeadersThatRowcallWrites) {
  layers_.sets = {"request.headers.content-type=text/plain"};
  EXPECT_EQ(of_small_job_and(""),
            "--set request.headers.content-type: a header that rowcall writes; expected another header. Set "
            "request.content_type instead.");
  layers_.sets = {"request.headers.Idempotency-Key={{id}}"};
  EXPECT_EQ(
      of_small_job_and(""),
      R"(--set request.headers.Idempotency-Key: an Idempotency-Key header, and request.idempotency = "keys"; expected one of them. Set request.idempotency = "safe" to send keys of your own.)");
  layers_.sets = {"request.headers.Authorization=env:A", "auth.type=bearer", "auth.token=env:T"};
  EXPECT_EQ(
      of_small_job_and(""),
      R"(--set request.headers.Authorization: an Authorization header, and auth.type = "bearer"; expected one of them. Leave one out: both write the same header.)");
  layers_.sets = {"request.headers.x-api-key=env:A", "auth.type=api_key_header", "auth.key=env:T"};
  EXPECT_EQ(
      of_small_job_and(""),
      R"(--set request.headers.x-api-key: the header that auth.type = "api_key_header" writes; expected one of them. Leave one out: both write the same header.)");
}

}  // namespace
}  // namespace rowcall::settings
