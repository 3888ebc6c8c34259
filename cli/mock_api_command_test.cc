// SPDX-License-Identifier: Apache-2.0
#include "cli/mock_api_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace rowcall::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<mockapi::MockOptions> parsed(std::vector<std::string> words) {
  CLI::App app;
  MockApiFlags flags;
  add_mock_api_command(app, flags);
  words.insert(words.begin(), "mock-api");
  std::reverse(words.begin(), words.end());  // As CLI11 wants them.
  app.parse(words);
  return mock_options(flags);
}

TEST(MockApiCommand, WithoutFlags) {
  auto options = parsed({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 0);
  EXPECT_TRUE(options->behaviour.limits.empty());
}

TEST(MockApiCommand, AllFlags) {
  auto options =
      parsed({"--port",     "8080",     "--host",      "0.0.0.0", "--limit",       "5000/s",
              "--limit",    "100000/h", "--audit",     "6000/s",  "--retry-after", "2",
              "--latency",  "20ms",     "--jitter",    "5ms",     "--errors",      "503:0.02,reset:0.001",
              "--outage",   "10s+5s",   "--outage",    "60s+1s",  "--seed",        "7",
              "--capacity", "600/min",  "--queue-max", "9",       "--quiet",       "--stats-file",
              "s.json",     "--stamp",  "kernel"});
  ASSERT_TRUE(options) << options.error().place;
  EXPECT_EQ(options->port, 8080);
  EXPECT_EQ(options->host, "0.0.0.0");
  const mockapi::Behaviour& behaviour = options->behaviour;
  EXPECT_EQ(behaviour.limits, (std::vector<RateLimit>{{5000, 1s}, {100'000, 1h}}));
  EXPECT_EQ(options->audit, (std::vector<RateLimit>{{6000, 1s}}));
  EXPECT_EQ(behaviour.retry_after, "2");
  EXPECT_EQ(behaviour.latency, 20ms);
  EXPECT_EQ(behaviour.jitter, 5ms);
  EXPECT_EQ(behaviour.faults.size(), 2u);
  EXPECT_EQ(behaviour.outages, (std::vector<mockapi::Outage>{{10s, 5s}, {60s, 1s}}));
  EXPECT_EQ(options->seed, 7u);
  EXPECT_DOUBLE_EQ(behaviour.capacity_per_s, 10);
  EXPECT_EQ(behaviour.queue_max, 9);
  EXPECT_TRUE(options->quiet);
  EXPECT_EQ(options->stats_file, "s.json");
  EXPECT_EQ(options->stamp, mockapi::Stamp::kKernel);
}

TEST(MockApiCommand, ErrorsNameTheFlag) {
  EXPECT_EQ(parsed({"--limit", "fast"}).error().place, "--limit");
  EXPECT_EQ(parsed({"--audit", "fast"}).error().place, "--audit");
  EXPECT_EQ(parsed({"--latency", "soon"}).error().place, "--latency");
  EXPECT_EQ(parsed({"--jitter", "5ms"}).error().place, "--jitter");
  EXPECT_EQ(parsed({"--errors", "503"}).error().place, "--errors");
  EXPECT_EQ(parsed({"--outage", "10s"}).error().place, "--outage");
  EXPECT_EQ(parsed({"--capacity", "many"}).error().place, "--capacity");
  EXPECT_EQ(parsed({"--tls-cert", "c.pem"}).error().place, "--tls-cert");
  EXPECT_THROW(parsed({"--stamp", "sundial"}), CLI::ParseError);
  EXPECT_THROW(parsed({"--port", "70000"}), CLI::ParseError);
}

TEST(MockApiCommand, TheTokenComesFromSomewhereElse) {
  ::setenv("ROWCALL_TEST_TOKEN", "s3cret", 1);
  EXPECT_EQ(parsed({"--token", "env:ROWCALL_TEST_TOKEN"})->token, "s3cret");
  ::unsetenv("ROWCALL_TEST_TOKEN");
  EXPECT_THAT(parsed({"--token", "env:ROWCALL_TEST_TOKEN"}).error().found, HasSubstr("ROWCALL_TEST_TOKEN"));

  std::string file = testing::TempDir() + "mock-api-token-XXXXXX";
  ::close(::mkstemp(file.data()));
  EXPECT_THAT(parsed({"--token", "file:" + file}).error().found, HasSubstr("is empty"));
  std::ofstream(file) << "from a file\n";
  EXPECT_EQ(parsed({"--token", "file:" + file})->token, "from a file");
  std::filesystem::remove(file);

  auto given = parsed({"--token", "s3cret"});
  ASSERT_FALSE(given);
  EXPECT_THAT(given.error().found + given.error().expected + given.error().mend, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace rowcall::cli
