// SPDX-License-Identifier: Apache-2.0
#include "settings/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "settings/job_text.h"
#include "settings/samples_for_tests.h"
#include "settings/test_folder.h"

namespace rowcall::settings {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class Load : public testing::Test {
 protected:
  Load() { layers_.use_env_file = false; }

  void job_file(std::string_view text) { layers_.job_file = folder_.file("job.toml", text); }
  void env_file(std::string_view text) { layers_.env_file = folder_.file("my.env", text); }

  Loaded loaded() {
    auto result = load(layers_);
    EXPECT_TRUE(result) << (result ? "" : result.error().text());
    return result ? *std::move(result) : Loaded{};
  }
  Job job() { return loaded().job; }

  TestFolder folder_;
  Layers layers_;
};

TEST_F(Load, LaterLayersWin) {
  std::string base = kSmallJob;
  job_file(base);
  EXPECT_EQ(job().run.workers, 20);
  job_file(base + "[run]\nworkers = 1\n");
  EXPECT_EQ(job().run.workers, 1);
  env_file("MAX_WORKERS=2\n");
  EXPECT_EQ(job().run.workers, 2);
  layers_.environment = {{"MAX_WORKERS", "3"}};
  EXPECT_EQ(job().run.workers, 3);
  layers_.flags = {{"--workers", "4"}};
  EXPECT_EQ(job().run.workers, 4);
  layers_.sets = {"run.workers=5"};
  EXPECT_EQ(job().run.workers, 5);
  layers_.sets.push_back("run.workers=6");
  EXPECT_EQ(job().run.workers, 6);
  layers_.values = {{"run.workers", 7, "keyword workers"}};
  EXPECT_EQ(job().run.workers, 7);
}

TEST_F(Load, ValuesOfAHostNeedNoTexts) {
  job_file(kSmallJob);
  layers_.values = {{"limits.rate", List{"100/s", "5000/h"}, "keyword rate"},
                    {"request.headers.X-One", "1", "settings"},
                    {"breaker.enabled", false, "settings"}};
  Job got = job();
  EXPECT_EQ(got.limits.rate.size(), 2);
  EXPECT_THAT(got.request.headers, ElementsAre(Pair("X-One", "1")));
  EXPECT_FALSE(got.breaker.enabled);
  layers_.values = {{"limits.rate", "fast", "keyword rate"}};
  auto wrong = load(layers_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().place, "keyword rate");
  layers_.values = {{"limits.rats", "5/s", "keyword rats"}};
  ASSERT_FALSE(wrong = load(layers_));
  EXPECT_THAT(wrong.error().text(), testing::HasSubstr("limits.rate"));
}

TEST_F(Load, ACoordinatorsUrlAndSecretStayInTheirVariables) {
  job_file(kSmallJob);
  env_file("RATE_COORDINATOR=redis://:hunter2@cache:6379/0\nRATE_COORDINATOR_SECRET=swordfish\n");
  Loaded got = loaded();
  EXPECT_EQ(got.job.limits.coordinator, "env:RATE_COORDINATOR");
  EXPECT_EQ(got.job.limits.coordinator_secret.place, "env:RATE_COORDINATOR_SECRET");
  EXPECT_EQ(to_toml(got.job).find("hunter2"), std::string::npos);
  EXPECT_THAT(got.exports,
              testing::UnorderedElementsAre(Pair("RATE_COORDINATOR", "redis://:hunter2@cache:6379/0"),
                                            Pair("RATE_COORDINATOR_SECRET", "swordfish")));
}

TEST_F(Load, TheEnvFileAloneIsAJob) {
  env_file(
      "S3_BUCKET=my-bucket\nS3_KEY=in/cities.csv\nAPI_ENDPOINT=http://127.0.0.1:8080/score\nBATCH_SIZE=100\n"
      "MAX_WORKERS=7\nRATE_LIMIT_CALLS=300\nRATE_LIMIT_PERIOD=0.5\nCHUNK_SIZE=512\nLOG_LEVEL=DEBUG\n");
  Job got = job();
  EXPECT_THAT(got.source.paths, ElementsAre("s3://my-bucket/in/cities.csv"));
  EXPECT_EQ(got.request.url, "http://127.0.0.1:8080/score");
  EXPECT_EQ(got.source.batch_size, 100);
  EXPECT_EQ(got.run.workers, 7);
  EXPECT_THAT(got.limits.rate, ElementsAre(RateLimit{300, 500ms}));
  EXPECT_EQ(got.source.chunk_size, 512);
  EXPECT_EQ(got.log.level, "debug");
  EXPECT_EQ(got.name, "cities");
  EXPECT_EQ(got.sink.path, "");
}

TEST_F(Load, AnEmptyVariableIsNotSet) {
  job_file(kSmallJob);
  env_file("MAX_WORKERS=2\nRATE_LIMIT_CALLS=\nS3_BUCKET=\n");
  layers_.environment = {{"MAX_WORKERS", ""}, {"S3_KEY", ""}};
  Job got = job();
  EXPECT_EQ(got.run.workers, 2);
  EXPECT_THAT(got.limits.rate, ElementsAre(RateLimit{5000, 1s}));
  EXPECT_THAT(got.source.paths, ElementsAre("in.csv"));
}

TEST_F(Load, CallsAndPeriodMayComeFromDifferentPlaces) {
  job_file(kSmallJob);
  env_file("RATE_LIMIT_PERIOD=60\n");
  EXPECT_THAT(job().limits.rate, ElementsAre(RateLimit{5000, 1min}));
  layers_.environment = {{"RATE_LIMIT_CALLS", "90"}};
  EXPECT_THAT(job().limits.rate, ElementsAre(RateLimit{90, 1min}));
  layers_.environment.emplace_back("RATE_LIMIT_PERIOD", "10s");
  EXPECT_THAT(job().limits.rate, ElementsAre(RateLimit{90, 10s}));
}

TEST_F(Load, CallsReplaceTheRatesOfTheJobFile) {
  job_file(std::string(kSmallJob) + "[limits]\nrate = [\"10/s\", \"20/min\"]\n");
  layers_.environment = {{"RATE_LIMIT_CALLS", "5"}};
  EXPECT_THAT(job().limits.rate, ElementsAre(RateLimit{5, 1s}));
}

TEST_F(Load, BucketAndKeyGiveWayToAFlag) {
  job_file(kSmallJob);
  layers_.environment = {{"S3_BUCKET", "b"}};  // alone, and so wrong, but never looked at
  layers_.flags = {{"--from", "x.csv"}, {"--from", "y.csv"}};
  EXPECT_THAT(job().source.paths, ElementsAre("x.csv", "y.csv"));
  layers_.flags = {};
  layers_.sets = {"source.path=z.csv"};
  EXPECT_THAT(job().source.paths, ElementsAre("z.csv"));
  layers_.environment.emplace_back("S3_KEY", "k.csv");
  layers_.sets = {};
  EXPECT_THAT(job().source.paths, ElementsAre("s3://b/k.csv"));
}

TEST_F(Load, TablesKeepTheirOtherEntries) {
  job_file(std::string(kSmallJob) +
           "[request.headers]\nAccept = \"a\"\nX-One = \"1\"\n[response.columns]\na = \"/a\"\n");
  layers_.flags = {{"--header", "accept=b"}, {"--response", "b=/b:int64!"}, {"--response", "a=/other"}};
  layers_.sets = {"request.headers.X-Two=2"};
  Job got = job();
  EXPECT_EQ(got.request.headers, (NamedTexts{{"accept", "b"}, {"X-One", "1"}, {"X-Two", "2"}}));
  EXPECT_EQ(got.response.columns,
            (std::vector<ResponseColumn>{{"a", "/other", "string", false}, {"b", "/b", "int64", true}}));
  layers_.sets.push_back("request.headers={}");
  EXPECT_THAT(job().request.headers, IsEmpty());
}

TEST_F(Load, WhatSetTakesAsTomlAndWhatAsText) {
  job_file(kSmallJob);
  layers_.sets = {"limits.rate=100/s",
                  "source.types.zip=string",
                  "request.body={\"a\": 1}",
                  "request.columns=2024",
                  "request.headers.X-Version=2",
                  "response.prefix=\"p \"",
                  "source.null_values=[\"\", \"NA\"]",
                  "run.dir=2024-01-01",
                  "retry.budget=5%",
                  "limits.max_errors=10",
                  "retry.base=2",
                  "name=7 # not a comment"};
  layers_.sets.pop_back();
  Job got = job();
  EXPECT_THAT(got.limits.rate, ElementsAre(RateLimit{100, 1s}));
  EXPECT_THAT(got.source.types, ElementsAre(Pair("zip", "string")));
  EXPECT_EQ(got.request.body, "{\"a\": 1}");
  EXPECT_THAT(got.request.columns, ElementsAre("2024"));
  EXPECT_THAT(got.request.headers, ElementsAre(Pair("X-Version", "2")));
  EXPECT_EQ(got.response.prefix, "p ");
  EXPECT_THAT(got.source.null_values, ElementsAre("", "NA"));
  EXPECT_EQ(got.run.dir, "2024-01-01");
  EXPECT_EQ(got.retry.budget_share, 0.05);
  EXPECT_EQ(got.limits.max_errors, 10);
  EXPECT_EQ(got.retry.base, 2s);
  layers_.sets = {"limits.rate=[\"5000/s\",\"200000/h\"]"};
  EXPECT_THAT(job().limits.rate, ElementsAre(RateLimit{5000, 1s}, RateLimit{200'000, 1h}));
  layers_.sets = {"limits.rate=unlimited"};
  EXPECT_THAT(job().limits.rate, IsEmpty());
  EXPECT_FALSE(job().limits.find_rate);
  layers_.sets = {"limits.rate=auto"};
  EXPECT_THAT(job().limits.rate, IsEmpty());
  EXPECT_TRUE(job().limits.find_rate);
}

TEST_F(Load, ColumnsAndHeadersKeepTheWrittenOrder) {
  job_file(std::string(kSmallJob) +
           "[response.columns]\nzeta = \"/z\"\nalpha = \"/a\"\nmid = \"/m\"\n[request.query]\nb = \"1\"\na = "
           "\"2\"\n");
  Job got = job();
  std::vector<std::string> names;
  for (const ResponseColumn& column : got.response.columns) names.push_back(column.name);
  EXPECT_THAT(names, ElementsAre("zeta", "alpha", "mid"));
  EXPECT_THAT(got.request.query, ElementsAre(Pair("b", "1"), Pair("a", "2")));
}

TEST_F(Load, TheNameComesFromTheJobFileThenTheSource) {
  layers_.job_file = folder_.file("my cities (2).toml", kSmallJob);
  EXPECT_EQ(job().name, "my-cities-2");
  layers_.flags = {{"--name", "other"}};
  EXPECT_EQ(job().name, "other");
  layers_.job_file.reset();
  auto name_for = [&](const std::string& path) {
    layers_.flags = {{"--from", path}, {"--url", "http://127.0.0.1/"}};
    if (path == "-") layers_.flags.push_back({"--from-format", "csv"});
    return job().name;
  };
  EXPECT_EQ(name_for("in/cities1000.csv.gz"), "cities1000");
  EXPECT_EQ(name_for("s3://bucket/a/b.parquet"), "b");
  EXPECT_EQ(name_for("data/2024/"), "2024");
  EXPECT_EQ(name_for("data/*.csv"), "job");
  EXPECT_EQ(name_for("-"), "job");
  EXPECT_EQ(name_for("straße.csv"), "stra-e");
}

TEST_F(Load, OnlyNamesForOthersAreExported) {
  job_file(
      std::string(kSmallJob) +
      "[auth]\ntype = \"bearer\"\ntoken = \"env:TOKEN\"\n[request.headers]\nX-Key = \"env:HEADER_KEY\"\n");
  env_file("AWS_REGION=eu\nTOKEN=t\nHEADER_KEY=h\nOTHER=o\nMAX_WORKERS=3\nAWS_PROFILE=\n");
  EXPECT_THAT(loaded().exports,
              ElementsAre(Pair("AWS_REGION", "eu"), Pair("TOKEN", "t"), Pair("HEADER_KEY", "h")));
}

TEST_F(Load, ExportingKeepsWhatIsThere) {
  ::setenv("SETTINGS_TEST_THERE", "old", 1);
  ::unsetenv("SETTINGS_TEST_NEW");
  export_to_process({{"SETTINGS_TEST_THERE", "new"}, {"SETTINGS_TEST_NEW", "new"}});
  EXPECT_STREQ(::getenv("SETTINGS_TEST_THERE"), "old");
  EXPECT_STREQ(::getenv("SETTINGS_TEST_NEW"), "new");
  ::unsetenv("SETTINGS_TEST_THERE");
  ::unsetenv("SETTINGS_TEST_NEW");
}

TEST_F(Load, TheProcessEnvironmentIsReadForKnownNames) {
  ::setenv("CHUNK_SIZE", "11", 1);
  NamedTexts names = process_environment();
  ::unsetenv("CHUNK_SIZE");
  EXPECT_THAT(names, testing::Contains(Pair("CHUNK_SIZE", "11")));
  EXPECT_THAT(names, testing::Not(testing::Contains(Pair("PATH", testing::_))));
}

TEST_F(Load, AFrozenJobTakesOnlySecretsFromOutside) {
  job_file(std::string(kSmallJob) + "[auth]\ntype = \"bearer\"\ntoken = \"env:TOKEN\"\n");
  env_file("TOKEN=t\nMAX_WORKERS=3\nS3_BUCKET=b\n");
  layers_.environment = {{"API_ENDPOINT", "http://elsewhere/"}};
  layers_.environment_sets = false;
  Loaded got = loaded();
  EXPECT_EQ(got.job.run.workers, 20);
  EXPECT_EQ(got.job.request.url, "http://127.0.0.1:1/");
  EXPECT_THAT(got.exports, ElementsAre(Pair("TOKEN", "t")));
}

TEST_F(Load, TheEnvFileOfTheWorkingDirectoryIsTakenWhenItIsThere) {
  std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  job_file(kSmallJob);
  layers_.use_env_file = true;
  EXPECT_EQ(job().run.workers, 20);
  folder_.file(".env", "MAX_WORKERS=2\n");
  EXPECT_EQ(job().run.workers, 2);
  layers_.use_env_file = false;
  EXPECT_EQ(job().run.workers, 20);
  std::filesystem::current_path(before);
}

TEST_F(Load, AHostMayBringTheSource) {
  layers_.flags = {{"--url", "http://127.0.0.1/"}};
  EXPECT_FALSE(load(layers_));
  layers_.brought.source = true;
  EXPECT_THAT(job().source.paths, IsEmpty());
}

TEST_F(Load, AFrozenFileLoadsBackToTheSameJob) {
  job_file(std::string(kSmallJob) +
           "[response.columns]\nscore = \"/score:double!\"\n[limits]\nrate = \"auto\"\n");
  layers_.sets = {"sink.overwrite=true", "classify.body=[{pointer=\"/e\",equals=3,outcome=\"permanent\"}]"};
  Job first = job();
  layers_ = {};
  layers_.use_env_file = false;
  layers_.job_file = folder_.file("frozen.toml", to_toml(first));
  EXPECT_EQ(job(), first) << to_toml(first);
}

}  // namespace
}  // namespace rowcall::settings
